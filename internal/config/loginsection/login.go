// Package loginsection answers one question: what does the section login of the
// configuration say, and which tokens are made of it? It starts no goroutine and
// has no lock.
package loginsection

import (
	"fmt"

	"usher/auth"
	"usher/auth/keys"
	"usher/auth/keys/keyfile"
	"usher/auth/signin"
	"usher/internal/config/consolesection"
	"usher/internal/config/hostsection"
	"usher/internal/config/section"
	"usher/internal/config/source"
	"usher/internal/strictyaml"
	"usher/internal/text"
	"usher/moderation"
)

const loginSecret = "login secret file"

// Settings describes the keys of the section.
func Settings() section.Section {
	return section.Section{
		Path: "login",
		Text: "How people without a token sign in at an OpenID provider (Keycloak, Authentik, Entra, Google) and get " +
			"a token for the room that they came for. The web server hands `/login` to `listen.gateway`, and Jitsi's " +
			"page has `tokenAuthUrl: 'https://meet.example.com/login?room={room}&state={state}'`: " +
			"[sign-in.md](sign-in.md). The tokens are of an issuer of usher's own, `usher-login`, which every host " +
			"that is named here has beside its `issuers`; so no issuer may be called that.",
		Settings: []section.Setting{
			{Key: "secret_files", Kind: "a list of files of at least 32 bytes each", Needed: true,
				Example: "[/etc/usher/login.secret]",
				Text: "What the tokens are signed with, and what is sealed that waits in browsers. The first file is " +
					"used, each of them is believed: put a new one in behind the old one, then before it, and remove " +
					"the old one a day later. Ushers of one cluster have the same. `openssl rand -hex 32` makes one."},
			{Key: "hosts", Kind: "a mapping", Needed: true,
				Text: "[login.hosts.HOST](#loginhostshost): one entry for each of `hosts` whose people sign in."},
		},
	}
}

// A Reader reads the section, and judges it when the rest of the file is known.
type Reader struct {
	files    *source.Reader
	config   *signin.Settings
	section  strictyaml.Value
	named    bool
	complete bool

	secretsAt   strictyaml.Value
	secrets     [][]byte
	secretFiles []strictyaml.Item
	hosts       []*hostReader
	known       []*hostsection.Host // of hosts, in the order of the file
}

// New returns a reader that writes to s.
func New(files *source.Reader, s *signin.Settings) *Reader { return &Reader{files: files, config: s} }

// Read reads the section.
func (r *Reader) Read(v strictyaml.Value) {
	r.section, r.named = v, true
	hosts := false
	r.complete = v.Object(Settings().Fields(section.Readers{
		"secret_files": func(v strictyaml.Value) {
			r.secretsAt = v
			r.secrets, r.secretFiles = r.files.OwnSecrets(v, loginSecret)
		},
		"hosts": func(v strictyaml.Value) {
			hosts = true
			for _, e := range v.Entries() {
				h := newHost(r.files, e.Key)
				h.read(e.Value.Named(fmt.Sprintf("login of %q", text.Clip(e.Key.Text))))
				r.hosts = append(r.hosts, h)
			}
		},
	})...)
	if r.complete && r.secretsAt.IsZero() {
		v.Problem("add secret_files: a file (openssl rand -hex 32)", "login has no secret_files")
	}
	if r.complete && !hosts {
		v.Problem("name one of hosts, and its provider, under login.hosts", "login has no hosts")
	}
}

// Finish judges what only the whole file tells, and gives each host the issuer of the tokens that its sign-in makes.
func (r *Reader) Finish(hosts []*hostsection.Host, hasGateway bool) {
	r.known = hosts
	for _, h := range r.known {
		if h.NoIssuers && !r.SignsIn(h.Key.Text) {
			h.Key.Problem("name who issues its tokens (their iss) under issuers",
				"the host %q has no issuers", text.Clip(h.Key.Text))
		}
	}
	if !r.named {
		return
	}
	if !hasGateway {
		r.section.Warn("name listen.gateway, such as 127.0.0.1:8281",
			"login: nobody can sign in, as there is no listen.gateway")
	}
	r.files.RefuseShared(r.secretFiles, loginSecret, "the sign-in", "could make tokens for anybody")
	r.config.Secrets, r.config.Hosts = r.secrets, map[string]signin.HostSettings{}
	for _, h := range r.hosts {
		host := r.hostOf(h.key.Text)
		if host == nil {
			h.key.Problem("add it there, or write it as it is there", "login: %q is none of hosts",
				text.Clip(h.key.Text))
			continue
		}
		h.finish(host)
		h.apart(r.known)
		h.warnOfOwnWords(host)
		h.refuseAccounts(host)
		if len(r.secrets) > 0 {
			r.issue(h, host)
		}
	}
}

// SignsIn reports whether people sign in at a host.
func (r *Reader) SignsIn(host string) bool {
	for _, h := range r.hosts {
		if h.key.Text == host {
			return true
		}
	}
	return false
}

func (r *Reader) hostOf(name string) *hostsection.Host {
	for _, h := range r.known {
		if h.Key.Text == name {
			return h
		}
	}
	return nil
}

// issue makes the issuer of a host: it signs with the first secret, and all verify.
func (r *Reader) issue(h *hostReader, host *hostsection.Host) {
	issuer := auth.IssuerConfig{Algorithms: []string{"HS256"}, Audience: []string{signin.Audience},
		RequireExp: true, RequireRoom: true, AccountPrefix: signin.AccountPrefix, Own: true}
	for i, secret := range r.secrets {
		derived, err := signin.TokenSecret(secret, host.Key.Text)
		if err != nil {
			h.key.Problem(section.MendUnplaced, "login: no key can be derived: %v", err)
			return
		}
		key, err := keys.ParseSecret(derived, keyfile.Plain, "login.secret_files", false)
		if err != nil {
			h.key.Problem(source.MendOwnSecret, "login: no key can be derived: %v", err)
			return
		}
		issuer.Keys.Files = append(issuer.Keys.Files, key)
		if i == 0 {
			if h.config.Key, err = key.SigningKey("HS256"); err != nil {
				h.key.Problem(section.MendUnplaced, "login: %v", err)
			}
		}
	}
	host.Auth.Issuers[signin.Issuer] = issuer
	r.config.Hosts[host.Key.Text] = h.config
}

// Open has people of a host sign in to the console, if it takes the tokens of their sign-in.
func (r *Reader) Open(c *consolesection.Console) {
	for _, a := range c.Admins {
		h, signsIn := r.config.Hosts[a.Host]
		if a.Issuer != signin.Issuer || !signsIn {
			continue
		}
		warnOfOwnWord(r.section, "operators (console.admins)", a.Claim)
		if c.URL == "" {
			r.section.Warn("name console.url", "login: people cannot sign in to the console, as it has no url")
			continue
		}
		h.Consoles = append(h.Consoles, signin.Console{URL: c.URL, Audience: a.Audience, Claim: a.Claim})
		r.config.Hosts[a.Host] = h
	}
}

// Bind bounds what the tokens open, whatever they say.
func (r *Reader) Bind(policies []moderation.HostPolicy) {
	for i := range policies {
		p := &policies[i]
		h, signsIn := r.config.Hosts[p.Host]
		if !signsIn {
			continue
		}
		bounds := moderation.Bounds{Tenants: h.Tenants, Rooms: h.Rooms}
		if len(h.Tenants) == 1 && h.Tenants[0] == "*" {
			bounds.Tenants = nil
		}
		if bounds.Bounded() {
			p.Issuers[signin.Issuer] = bounds
		}
		p.Prefixes[signin.Issuer] = signin.AccountPrefix
	}
}
