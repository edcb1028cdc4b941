// Package consolesection answers one question: what does the section console of
// the configuration say? It starts no goroutine and has no lock.
package consolesection

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"

	"usher/auth"
	"usher/auth/claim"
	"usher/auth/signin"
	"usher/internal/config/hostsection"
	"usher/internal/config/section"
	"usher/internal/config/value"
	"usher/internal/jid"
	"usher/internal/strictyaml"
	"usher/internal/text"
)

// The bounds of console.admins.
const (
	maxAdmins   = 32
	maxAudience = 256 // bytes
)

// A Console says by which names the console is reached, and whose tokens make an operator.
type Console struct {
	URL    string   // the origin that browsers see; empty: that of listen.console
	Hosts  []string // what the Host header may be besides
	Admins []Admin
}

// An Admin is whose tokens make an operator: those of an issuer of a host, for an audience, with a claim.
type Admin struct {
	Host, Issuer string
	Claim        claim.Test
	Audience     string
}

// Settings describes the keys of the section.
func Settings() section.Section {
	return section.Section{
		Path: "console",
		Text: "The pages at `listen.console`, and who gets in: with a link of `usher console`, with a token of " +
			"`admins`, or, as a moderator, with the link of a message. [console.md](console.md) says how to turn it " +
			"on, and what the web server needs. The web servers whose `X-Forwarded-For` and `X-Forwarded-Proto` " +
			"count are those of `gateway.trusted_proxies`.",
		Settings: []section.Setting{
			{Key: "url", Kind: "the beginning of an address: `https://` and a host",
				Unset:   "that of `listen.console`, if it has a port",
				Example: "https://console.example.com",
				Text: "Where browsers reach the console. Links begin with it, those to moderators too, which are " +
					"sent with it only; give the console a host name that nothing else has. `http` is for 127.0.0.1, " +
					"[::1] and localhost."},
			{Key: "hosts", Kind: "a list of hosts, each with its port unless that is the usual one", Default: "[]",
				Example: "[\"usher:9281\"]",
				Text: "What the `Host` header may be besides that of `url`, the address itself and loopback: what a " +
					"web server in front writes there. Others are refused, so that no page of a stranger reaches the " +
					"console by a name of its own."},
			{Key: "admins", Kind: "a list of mappings of `host`, `issuer`, `claim` and `audience`", Default: "[]",
				Example: "[{host: meet.example.com, issuer: my-app, claim: realm_access.roles=usher-admin, " +
					"audience: usher-console}]",
				Text: "Whose tokens make an operator: those that `issuer` of `host` has signed for `audience` alone, " +
					"with `claim` (as in `moderation.moderators`), for 10 minutes at most (`exp` - `iat`), and that " +
					"name a user. All four are needed. No door may take the audience, so that no link to a meeting " +
					"opens the console. A token lets in once. A session that began with one lasts for 12 hours at " +
					"most, and ends when the token is revoked, its key is gone, or the entry is."},
		},
	}
}

// A Reader reads the section, and judges it when the hosts are known.
type Reader struct {
	config *Console
	at     strictyaml.Value
	url    strictyaml.Item
	named  bool
	admins []adminReader
}

// An adminReader is one entry of admins, with the places of its values.
type adminReader struct {
	at               strictyaml.Value
	host, issuer     strictyaml.Item
	claim, audience  strictyaml.Item
	test             claim.Test
	complete, broken bool
}

// New returns a reader that writes to c.
func New(c *Console) *Reader { return &Reader{config: c} }

// Read reads the section.
func (r *Reader) Read(v strictyaml.Value) {
	r.at, r.named = v, true
	v.Object(Settings().Fields(section.Readers{
		"url": r.readURL,
		"hosts": func(v strictyaml.Value) {
			r.config.Hosts = value.HostHeaders(v, "write what the web server sends as Host, such as usher:9281")
		},
		"admins": r.readAdmins,
	})...)
}

const mendConsoleURL = "write https:// and a host name of its own, such as https://console.example.com"

// readURL reads an origin.
func (r *Reader) readURL(v strictyaml.Value) {
	s, ok := v.Word()
	if !ok {
		return
	}
	u, err := url.Parse(strings.TrimSuffix(s, "/"))
	switch {
	case err != nil || u.Host == "" || !isHostOrAddress(u.Hostname()) || u.Scheme != "https" && u.Scheme != "http":
		v.Problem(mendConsoleURL, "url: %q is no address of a web server", text.Clip(s))
	case u.User != nil:
		v.Problem(mendConsoleURL, "url has a user name or a password")
	case u.Path != "" || u.RawQuery != "" || u.Fragment != "":
		v.Problem("leave out what follows the host: the console has a host name of its own", "url: %q has a path",
			text.Clip(s))
	case u.Scheme == "http" && !value.Loopback(u.Hostname()):
		v.Problem(mendConsoleURL, "url: %q: over plain http the console answers 127.0.0.1, [::1] and localhost only",
			text.Clip(s))
	default:
		r.url, r.config.URL = strictyaml.ItemOf(v, s), value.Origin(u)
	}
}

func isHostOrAddress(name string) bool {
	return net.ParseIP(strings.Trim(name, "[]")) != nil || jid.IsHost(strings.ToLower(name))
}

func (r *Reader) readAdmins(v strictyaml.Value) {
	list := v.Elements("an entry of admins", "a list, such as [{host: meet.example.com, issuer: my-app, "+
		"claim: realm_access.roles=usher-admin, audience: usher-console}]")
	if len(list) > maxAdmins {
		v.Problem("name a role that all of them have", "admins has %d entries, %d are the most", len(list), maxAdmins)
		return
	}
	for _, element := range list {
		a := adminReader{at: element}
		a.read()
		r.admins = append(r.admins, a)
	}
}

func (a *adminReader) read() {
	into := func(to *strictyaml.Item) func(strictyaml.Value) {
		return func(v strictyaml.Value) {
			if s, ok := v.Word(); ok {
				*to = strictyaml.ItemOf(v, s)
			} else {
				a.broken = true
			}
		}
	}
	a.complete = a.at.Object(
		strictyaml.Field{Name: "host", Read: into(&a.host)},
		strictyaml.Field{Name: "issuer", Read: into(&a.issuer)},
		strictyaml.Field{Name: "claim", Read: into(&a.claim)},
		strictyaml.Field{Name: "audience", Read: into(&a.audience)},
	)
	if a.claim.Text != "" {
		var err error
		if a.test, err = claim.ParseTest(a.claim.Text); err != nil {
			a.claim.Problem(value.MendTest(hostsection.ExampleModerator), "claim: %q is no claim: %v",
				text.Clip(a.claim.Text), err)
		} else {
			value.WarnOfSpaces(a.claim.Named("claim"), a.test)
		}
	}
	if len(a.audience.Text) > maxAudience {
		a.audience.Problem("write a shorter one", "audience: %d bytes, %d are the most", len(a.audience.Text),
			maxAudience)
	}
}

// Check judges what only the whole file tells: where the console listens, and the hosts, with whether people sign in
// there. It comes after the hosts, and after what is said of their sign-ins.
func (r *Reader) Check(listen value.Address, listens strictyaml.Value, hosts map[string]auth.HostConfig,
	signsIn func(host string) bool) {
	for _, a := range r.admins {
		if a.check(hosts, signsIn) {
			r.config.Admins = append(r.config.Admins, Admin{a.host.Text, a.issuer.Text, a.test, a.audience.Text})
		}
	}
	if r.named && listen.Name == "" {
		r.at.Warn("name listen.console, such as 127.0.0.1:9281, or remove console",
			"console: nobody can open it, as there is no listen.console")
	}
	if listen.Network == "unix" && r.config.URL == "" && r.url.IsZero() {
		listens.Problem("name console.url, such as https://console.example.com",
			"listen.console is a path, so a browser needs console.url to reach it")
	}
	if u, err := url.Parse(r.config.URL); err == nil && !r.url.IsZero() {
		if _, is := hosts[u.Hostname()]; is {
			r.url.Warn("give the console a host name of its own",
				"url: %s is also where the meetings are: what runs in their page could use the console", u.Hostname())
		}
	}
}

// check reports whether an entry can make operators.
func (a *adminReader) check(hosts map[string]auth.HostConfig, signsIn func(host string) bool) bool {
	if !a.complete || a.broken {
		return false
	}
	var missing []string
	for i, it := range []strictyaml.Item{a.host, a.issuer, a.claim, a.audience} {
		if it.IsZero() {
			missing = append(missing, []string{"host", "issuer", "claim", "audience"}[i])
		}
	}
	if len(missing) > 0 {
		a.at.Problem("add it: all four of host, issuer, claim and audience are needed",
			"the entry of admins has no %s", strings.Join(missing, ", "))
		return false
	}
	h, known := hosts[a.host.Text]
	if !known {
		a.host.Problem("write the name of one of hosts", "host: there is no host %q", text.Clip(a.host.Text))
		return false
	}
	_, known = h.Issuers[a.issuer.Text]
	if !known && a.issuer.Text == signin.Issuer {
		if signsIn(a.host.Text) {
			return false // what is wrong with that sign-in is said there
		}
		a.issuer.Problem("add it there, or write one of "+strings.Join(slices.Sorted(maps.Keys(h.Issuers)), ", "),
			"issuer: nobody signs in at the host %q, as it is not in login.hosts", text.Clip(a.host.Text))
		return false
	}
	if !known {
		a.issuer.Problem("write one of "+strings.Join(slices.Sorted(maps.Keys(h.Issuers)), ", "),
			"issuer: the host %q has no issuer %q", text.Clip(a.host.Text), text.Clip(a.issuer.Text))
		return false
	}
	return a.apart(hosts)
}

// apart reports whether no door takes the tokens for the audience: what is a link to a meeting must open no console. An
// issuer may be of several hosts.
func (a *adminReader) apart(hosts map[string]auth.HostConfig) bool {
	for _, name := range slices.Sorted(maps.Keys(hosts)) {
		i, has := hosts[name].Issuers[a.issuer.Text]
		if !has {
			continue
		}
		whose := fmt.Sprintf("issuer %q of the host %q", text.Clip(a.issuer.Text), text.Clip(name))
		switch {
		case len(i.Audience) == 0 || slices.Contains(i.Audience, "*"):
			a.audience.Problem("set audience: there, to what the tokens for meetings have, such as [jitsi]",
				"audience: the %s takes tokens for any audience, so a token for the console would open meetings, and "+
					"be seen in their links", whose)
			return false
		case slices.Contains(i.Audience, a.audience.Text):
			a.audience.Problem("write another one, such as usher-console, which the application gives to operators only",
				"audience: %q is what the %s takes for meetings, so a link to a meeting would open the console",
				text.Clip(a.audience.Text), whose)
			return false
		}
	}
	return true
}

// Origin returns the origin of the console for a listener at an address; empty: browsers reach it at none.
func (c *Console) Origin(a net.Addr) string {
	if c.URL != "" || a.Network() == "unix" {
		return c.URL
	}
	host, port, _ := net.SplitHostPort(a.String())
	if ip := net.ParseIP(host); ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(cmp.Or(host, "127.0.0.1"), port)
}
