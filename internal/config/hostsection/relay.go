package hostsection

import (
	"net/url"
	"slices"
	"time"

	"usher/auth"
	"usher/auth/inner"
	"usher/auth/keys"
	"usher/internal/config/section"
	"usher/internal/config/source"
	"usher/internal/config/value"
	"usher/internal/strictyaml"
	"usher/internal/text"
)

const (
	defaultInnerTTL = time.Minute
	minInnerTTL     = 10 * time.Second
	maxInnerTTL     = 10 * time.Minute
	maxAppID        = 256
)

// RelaySettings describes its relay.
func RelaySettings() section.Section {
	return section.Section{
		Path: "hosts.HOST.relay",
		Text: "Jitsi: this host's Prosody keeps Jitsi's own `authentication = \"token\"`, and browsers reach it " +
			"through `listen.gateway`. usher verifies the token of the link by the host's `issuers`, and hands " +
			"Prosody an inner token: the same claims in one normal form, signed with a key of usher's own, and " +
			"good for a minute. No door and no ticket lets anybody in at such a host. [jitsi.md](jitsi.md) has the " +
			"steps; `usher prosody` prints the lines. Without `relay` a host is a plain Prosody's, whose modules " +
			"ask usher.",
		Settings: append([]section.Setting{
			{Key: "app_id", Kind: "a text", Needed: true, Example: "my-app",
				Text: "The `iss` of the inner token: Prosody's `app_id` or, where it has " +
					"`asap_accepted_issuers`, the first of those."},
			{Key: "audience", Kind: "a text", Unset: "what `app_id` is", Example: "jitsi",
				Text: "The `aud` of the inner token: the first of Prosody's `asap_accepted_audiences`, where it " +
					"has these."},
		}, slices.Concat(relayKeySettings(), relayWaySettings())...),
	}
}

func relayKeySettings() []section.Setting {
	return []section.Setting{
		{Key: "key_file", Kind: "a PEM file", Unset: "`secret_file`", Example: "/etc/usher/inner.pem",
			Text: "The private key, RSA of 2,048 bits or more, that inner tokens are signed with (RS256). Its public " +
				"half is Prosody's `app_secret`, beside `signature_algorithm = \"RS256\"`: so nothing in Prosody's " +
				"configuration can make a token. `openssl genrsa -out inner.pem 2048` makes one. It is for one host, " +
				"and no issuer may have it."},
		{Key: "secret_file", Kind: "a file", Unset: "`key_file`", Example: "/etc/usher/inner.secret",
			Text: "Instead of `key_file`: the secret of 32 bytes or more that is Prosody's `app_secret` (HS256). " +
				"Who reads it in Prosody's configuration, or in its debug log, can make tokens for anybody."},
		{Key: "ttl", Kind: "a duration, 10s to 10m", Default: "60s", Example: "2m",
			Text: "How long an inner token is good. Prosody looks at it once, at the login; with Prosody on another " +
				"machine both clocks have to be right."},
		{Key: "allow_empty_token", Kind: "true or false", Default: "false", Example: "true",
			Text: "What Prosody's `allow_empty_token` is; it wants `guests_start: true`. With `true` a login without " +
				"a token goes on as it is, so Jitsi's modules know that there was none. With `false` it gets an " +
				"inner token that names nobody, which those modules take for a token: `mod_muc_allowners`, for one, " +
				"makes such a person an owner."},
		{Key: "domain_verification", Kind: "true or false", Default: "true", Example: "false",
			Text: "What Prosody's `enable_domain_verification` is. Jitsi's default was `false` until 2022."},
	}
}

func relayWaySettings() []section.Setting {
	return []section.Setting{
		{Key: "upstream", Kind: "an http or https address without a path", Default: "\"\"",
			Example: "http://127.0.0.1:5280",
			Text:    "Prosody's HTTP server, if this host has another one than `gateway.upstream`."},
		{Key: "early_guests", Kind: "`wait` or `join`", Default: "wait", Example: "join",
			Text: "What a guest sees before a token holder is in the room. With `wait` the page says that the " +
				"meeting has not started, and tries again by itself; with `join` only the join is refused."},
		{Key: "jicofo", Kind: "an http or https address without a path", Default: "\"\"",
			Example: "http://127.0.0.1:8888",
			Text: "Where `/conference-request/v1` goes when usher has decided about it. Without it such requests are " +
				"refused, and the page asks through Prosody instead."},
	}
}

// A relayReader collects what is said about a host's relay.
type relayReader struct {
	*source.Reader
	named             bool
	at                strictyaml.Value
	config            auth.RelayConfig
	key, secret       strictyaml.Item // the files, if they are named
	unread            bool            // the key could not be read, and its absence is no problem besides
	upstream, jicofo  *url.URL
	waits             bool
	emptyAt           strictyaml.Value // allow_empty_token, or nowhere
	context, features strictyaml.Value // where they are named, or nowhere
}

func newRelay(r *source.Reader) relayReader {
	return relayReader{Reader: r, waits: true, config: auth.RelayConfig{
		Rules: inner.Rules{TTL: defaultInnerTTL, DomainVerification: true},
	}}
}

func (r *relayReader) read(v strictyaml.Value) {
	r.named, r.at = true, v
	complete := v.Object(RelaySettings().Fields(section.Readers{
		"app_id":              func(v strictyaml.Value) { r.config.Issuer = r.name(v) },
		"audience":            func(v strictyaml.Value) { r.config.Audience = r.name(v) },
		"key_file":            func(v strictyaml.Value) { r.key = r.fileName(v) },
		"secret_file":         func(v strictyaml.Value) { r.secret = r.fileName(v) },
		"ttl":                 r.readTTL,
		"domain_verification": func(v strictyaml.Value) { v.Bool(&r.config.DomainVerification) },
		"upstream":            r.readUpstream,
		"allow_empty_token": func(v strictyaml.Value) {
			r.emptyAt = v
			v.Bool(&r.config.AllowEmptyToken)
		},
		"early_guests": func(v strictyaml.Value) {
			if s, ok := v.OneOf("wait", "join"); ok {
				r.waits = s == "wait"
			}
		},
		"jicofo": r.readJicofo,
	})...)
	if r.config.Issuer == "" && complete {
		v.Problem("add app_id: what stands after app_id in Prosody's configuration", "the relay has no app_id")
	}
	if r.config.Audience == "" {
		r.config.Audience = r.config.Issuer
	}
	r.readKey(complete)
}

// name reads an iss or aud.
func (r *relayReader) name(v strictyaml.Value) string {
	s, ok := v.Word()
	if ok && len(s) > maxAppID {
		v.Problem("write it as Prosody's configuration has it, such as my-app", "%s: %q is no name", v.Name(),
			text.Clip(s))
		return ""
	}
	return s
}

func (r *relayReader) fileName(v strictyaml.Value) strictyaml.Item {
	s, ok := v.AnyText()
	r.unread = r.unread || !ok
	if s == "" {
		return strictyaml.Item{}
	}
	return strictyaml.ItemOf(v, s)
}

func (r *relayReader) readTTL(v strictyaml.Value) {
	v.Duration(&r.config.TTL, maxInnerTTL)
	if r.config.TTL < minInnerTTL {
		v.Problem("write at least 10s", "ttl is %s: logins would come too late", text.Clip(v.Raw()))
	}
}

// readKey wants one key.
func (r *relayReader) readKey(complete bool) {
	var err error
	switch {
	case r.key.Text != "" && r.secret.Text != "":
		r.secret.Problem("keep key_file, whose public half Prosody has", "the relay has both key_file and secret_file")
	case r.key.Text != "":
		content, ok := r.File(r.key, "key file", true)
		if !ok {
			return
		}
		if r.config.Key, err = keys.ReadInnerKey(content); err != nil {
			source.RefuseFile(r.key, "key file", err)
		}
	case r.secret.Text != "":
		r.readSecret()
	case complete && !r.unread:
		r.at.Problem("add key_file: a private key that openssl genrsa -out inner.pem 2048 makes",
			"the relay has no key")
	}
}

func (r *relayReader) readSecret() {
	content, ok := r.File(r.secret, "secret file", true)
	if !ok {
		return
	}
	key, doubts, err := keys.ReadInnerSecret(content)
	if err != nil {
		source.RefuseFile(r.secret, "secret file", err)
		return
	}
	for _, d := range doubts {
		r.secret.Warn(d.Mend, "the secret file %q: %s", text.Clip(r.secret.Text), d.Text)
	}
	r.config.Key = key
}

// keyItem is where the relay's key is named.
func (r *relayReader) keyItem() strictyaml.Item {
	if r.key.Text != "" {
		return r.key
	}
	return r.secret
}

// readUpstream reads where another Prosody is, or nothing.
func (r *relayReader) readUpstream(v strictyaml.Value) {
	if s, ok := v.AnyText(); ok && s != "" {
		value.Upstream(v, &r.upstream)
	}
}

// readJicofo reads where jicofo is, or nothing.
func (r *relayReader) readJicofo(v strictyaml.Value) {
	if s, ok := v.AnyText(); ok && s != "" {
		value.Server(v, &r.jicofo, "write jicofo's HTTP server, such as http://127.0.0.1:8888", "")
	}
}
