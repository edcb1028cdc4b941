package config

import (
	"net"
	"strings"

	"usher/auth/keys/keyfile"
	"usher/internal/config/section"
	"usher/internal/config/source"
	"usher/internal/strictyaml"
	"usher/internal/text"
)

// The bounds of the HTTP door's secret, in characters.
const (
	minHTTPSecret = 16
	maxHTTPSecret = 256
)

// HTTP says who may ask the HTTP door.
type HTTP struct {
	Secret     string // empty only with Insecure
	SecretFile string // absolute name, or empty
	Insecure   bool
	Hosts      []string // what the Host header may be besides the address itself
}

// httpSettings describes the keys at the top of the file that are about the HTTP door.
func httpSettings() []section.Setting {
	return []section.Setting{
		{Key: "http_secret_file", Kind: "a file of 16 to 256 letters, digits and `-._~`",
			Unset:   "none, and `listen.http` needs one unless `http_insecure` is true",
			Example: "/etc/usher/http.secret",
			Text: "What every request to `listen.http` must carry: as `Authorization: Bearer`, as " +
				"the password of Basic with any user name, or as `key=` in the URL for the modules " +
				"that cannot send a header of ours. A secret in a URL is as safe as Prosody's " +
				"configuration and log are; usher itself logs no URL. `openssl rand -hex 32` makes one."},
		{Key: "http_insecure", Kind: "true or false", Default: "false", Example: "true",
			Text: "`true` asks nobody for the secret: all who reach `listen.http` can then try " +
				"tokens, and ask which accounts exist. It is only for a network where everybody may."},
		{Key: "http_hosts", Kind: "a list of hosts, each with its port unless that is 80", Default: "[]",
			Example: "[\"usher:8280\"]",
			Text: "What the `Host` header of a request to `listen.http` may be besides the address " +
				"itself (on loopback or a Unix socket also `localhost`), such as the name of usher's " +
				"container. Requests from browsers (`Origin`, `Sec-Fetch-*`) are refused in any case."},
	}
}

const mendHTTPHost = "write what stands after http:// in Prosody's URL, such as usher:8280"

// An httpReader collects what stands under several keys, in any order.
type httpReader struct {
	*source.Reader
	config   *HTTP
	listen   strictyaml.Value // where listen.http is named
	listens  bool
	named    bool // a secret file is named, be it good or not
	insecure strictyaml.Value
}

func (r *httpReader) readSecret(v strictyaml.Value) {
	r.named = true
	if s, ok := v.Word(); ok {
		r.secret(strictyaml.ItemOf(v, s))
	}
}

func (r *httpReader) readInsecure(v strictyaml.Value) {
	r.insecure = v
	v.Bool(&r.config.Insecure)
}

// check judges what only all keys together tell.
func (r *httpReader) check() {
	switch {
	case r.config.Insecure && r.named:
		r.insecure.Warn("remove http_insecure, or http_secret_file", "http_insecure: the secret is not asked for")
	case r.config.Insecure && r.listens:
		r.insecure.Warn("name a http_secret_file (openssl rand -hex 32)",
			"http_insecure: whoever reaches listen.http can try tokens and ask which accounts exist")
	case r.listens && !r.named:
		r.listen.Problem(
			"name a file under http_secret_file (openssl rand -hex 32 makes the content), or set http_insecure: true",
			"listen.http has no secret: whoever reaches it could try tokens and ask which accounts exist")
	}
}

// secret reads a secret that fits unchanged into a header and a URL: some
// modules of Prosody can send it in no other way.
func (r *httpReader) secret(it strictyaml.Item) {
	content, ok := r.File(it, "http secret file", true)
	if !ok {
		return
	}
	secret := source.WithoutEnd(content)
	switch {
	case len(secret) < minHTTPSecret || len(secret) > maxHTTPSecret:
		it.Problem("make a new one: openssl rand -hex 32",
			"the http secret file %q: the secret has %d characters, not %d to %d", text.Clip(it.Text), len(secret),
			minHTTPSecret, maxHTTPSecret)
	case strings.ContainsFunc(secret, notURLSafe) && len(keyfile.DoubtText(content)) > 0:
		d := keyfile.DoubtText(content)[0]
		it.Problem(d.Mend, "the http secret file %q: %s", text.Clip(it.Text), d.Text)
	case strings.ContainsFunc(secret, notURLSafe):
		it.Problem("make a new one: openssl rand -hex 32",
			"the http secret file %q: the secret has characters besides letters, digits and -._~ "+
				"(RFC 3986 section 2.3)",
			text.Clip(it.Text))
	default:
		r.config.Secret, r.config.SecretFile = secret, r.Resolve(it.Text)
	}
}

func notURLSafe(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._~", r)
}

// HostHeaders returns every Host header that belongs to the door when it
// listens on a.
func (c *HTTP) HostHeaders(a net.Addr) []string {
	hosts := append([]string{}, c.Hosts...)
	if a.Network() == "unix" { // what curl and nginx send
		return append(hosts, "localhost")
	}
	name, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return hosts
	}
	names := []string{name}
	if ip := net.ParseIP(name); ip.IsLoopback() || ip.IsUnspecified() {
		names = []string{"127.0.0.1", "::1", "localhost"}
	}
	for _, n := range names {
		hosts = append(hosts, net.JoinHostPort(n, port))
		if port == "80" {
			hosts = append(hosts, n)
		}
	}
	return hosts
}
