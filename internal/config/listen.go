package config

import (
	"os"
	"regexp"
	"strings"

	"usher/internal/config/section"
	"usher/internal/config/source"
	"usher/internal/config/value"
	"usher/internal/strictyaml"
)

// DefaultExtauthSocket is where usher-extauth looks without being told; the
// daemon listens there only if the configuration says so.
const DefaultExtauthSocket = "/run/usher/extauth.sock"

// An Address is what net.Listen takes.
type Address = value.Address

// Listen holds the addresses to listen on.
type Listen struct {
	Dovecot, Metrics, Admin Address
	Extauth, HTTP, Gateway  Address // the zero address is not listened on
	Console                 Address // likewise
}

func defaultListen() Listen {
	return Listen{
		Dovecot: Address{Network: "unix", Name: "/run/usher/auth.sock"},
		Metrics: Address{Network: "tcp", Name: "127.0.0.1:9280"},
		Admin:   Address{Network: "unix", Name: "/run/usher/admin.sock"},
	}
}

// ByName returns all addresses by their key under listen.
func (l *Listen) ByName() map[string]Address {
	return map[string]Address{
		"dovecot": l.Dovecot, "extauth": l.Extauth, "http": l.HTTP,
		"gateway": l.Gateway, "console": l.Console, "metrics": l.Metrics, "admin": l.Admin,
	}
}

func listenSettings() section.Section {
	return section.Section{
		Path: "listen",
		Text: "Where usher listens. A Unix socket has the mode 0660 before anybody can connect, and " +
			"lets in only root, usher's own user and those of `peers`; the kernel says who connects. " +
			"`host:port` lets in everybody who can reach it: `usher check` warns where that is not " +
			"loopback. Each listener has an address of its own. Where systemd opens a socket for usher " +
			"(`usher.socket`), the path is the same there.",
		Settings: []section.Setting{
			{Key: "dovecot", Kind: "an absolute path, or `host:port`",
				Unset:   "`/run/usher/auth.sock`; not listened on if every host has a `relay`",
				Restart: true, Example: "127.0.0.1:10143",
				Text: "The door for `mod_auth_dovecot`: the path is Prosody's `dovecot_auth_socket`. " +
					"It offers SASL ANONYMOUS for tickets while `http` or `gateway` is listened on. " +
					"[doors.md](doors.md) says how."},
			{Key: "extauth", Kind: "an absolute path", Unset: "not listened on", Restart: true,
				Example: "/run/usher/extauth.sock",
				Text: "The door for `usher extauth`, the bridge that `mod_auth_external_insecure` or " +
					"ejabberd starts."},
			{Key: "http", Kind: "an absolute path, or `host:port`", Unset: "not listened on", Restart: true,
				Example: "127.0.0.1:8280",
				Text: "The door for `mod_auth_http` and the like, for tickets, and for Prosody's " +
					"questions about rooms. It needs `http_secret_file`. Keep it on loopback or in a " +
					"private network: some modules can send the secret in the URL only."},
			{Key: "gateway", Kind: "an absolute path, or `host:port`", Unset: "not listened on", Restart: true,
				Example: "127.0.0.1:8281",
				Text: "Where the web server sends browsers' XMPP over WebSocket and BOSH, instead of " +
					"to Prosody: [jitsi.md](jitsi.md) says how."},
			{Key: "console", Kind: "an absolute path, or `host:port`", Unset: "not listened on", Restart: true,
				Example: "127.0.0.1:9281",
				Text: "The pages for operators and moderators: [console](#console). A web server in front of it has " +
					"to bring https; on a path its user must be one of `peers`."},
			{Key: "metrics", Kind: "an absolute path, or `host:port`", Default: "127.0.0.1:9280", Restart: true,
				Example: "/run/usher/metrics.sock",
				Text: "`/metrics`, `/healthz` and `/readyz`. Take an address of the monitoring network " +
					"if Prometheus is on another machine; everybody there can read the metrics."},
			{Key: "admin", Kind: "an absolute path", Default: "/run/usher/admin.sock", Restart: true,
				Example: "/run/usher/admin.sock",
				Text: "What `usher reload`, `usher status`, `usher sessions` and `usher lobby` connect " +
					"to. Only root and usher's own user may."},
		},
	}
}

// A namedListeners says where addresses are named.
type namedListeners map[*Address]strictyaml.Value

// read also tells which are named.
func (l *Listen) read(v strictyaml.Value) namedListeners {
	named := namedListeners{}
	reads := func(a *Address, parse func(strictyaml.Value) (Address, bool)) func(strictyaml.Value) {
		return func(v strictyaml.Value) {
			if parsed, ok := parse(v); ok {
				*a, named[a] = parsed, v
			}
		}
	}
	anyAddress := func(key, danger string) func(strictyaml.Value) (Address, bool) {
		return value.AnyAddress(socketOf(key), danger)
	}
	v.Object(listenSettings().Fields(section.Readers{
		"dovecot": reads(&l.Dovecot, anyAddress("dovecot", "passwords would cross the network in plain text")),
		"extauth": reads(&l.Extauth, value.Socket(socketOf("extauth"))),
		"http":    reads(&l.HTTP, anyAddress("http", "tokens would cross the network in plain text")),
		"gateway": reads(&l.Gateway, anyAddress("gateway", "tokens would cross the network in plain text")),
		"console": reads(&l.Console, anyAddress("console", "what operators see would cross the network in plain text")),
		"metrics": reads(&l.Metrics, anyAddress("metrics", "everybody on that network could read the metrics")),
		"admin":   reads(&l.Admin, value.Socket(socketOf("admin"))),
	})...)
	all := []*Address{&l.Dovecot, &l.Extauth, &l.HTTP, &l.Gateway, &l.Console, &l.Metrics, &l.Admin}
	for i, a := range all {
		for _, b := range all[:i] {
			reportShared(named, a, b)
		}
	}
	return named
}

// checkDoors takes back the door that is open by default where no host has a use for it, and warns of doors that
// refuse every login.
func (l *Listen) checkDoors(named namedListeners, allRelayed bool) {
	if !allRelayed {
		return
	}
	if _, wanted := named[&l.Dovecot]; !wanted {
		l.Dovecot = Address{}
	}
	for _, a := range []*Address{&l.Dovecot, &l.Extauth} {
		if v, is := named[a]; is && a.Name != "" {
			v.Warn("remove it", "%s: every host has a relay, so this door refuses every login (relay_host)", v.Name())
		}
	}
}

// reportShared compares two listeners, and reports at the one that the file
// names: the other may be a default.
func reportShared(named namedListeners, a, b *Address) {
	if *a != *b || a.Name == "" || strings.HasSuffix(a.Name, ":0") {
		return
	}
	v, ok := named[a]
	if !ok {
		v, ok = named[b]
	}
	if ok {
		v.Problem("give each listener its own", "two listeners have the address %s", a)
	}
}

// socketOf is the socket of a listener by default, or that it could have.
func socketOf(key string) string {
	l := defaultListen()
	if name := l.ByName()[key]; name.Network == "unix" {
		return name.Name
	}
	return "/run/usher/" + key + ".sock"
}

var adminLine = regexp.MustCompile(`(?m)^\s+admin:\s*["']?(/[^\s"'#]+)`)

// AdminSocket returns the admin socket that a configuration names, or the default.
// Problems elsewhere in the file are no obstacle: the daemon is asked exactly to
// learn what it thinks of them.
func AdminSocket(path string) string {
	r, c := source.New(path), Default()
	if root, ok := r.Root(bareMemory); ok {
		readConfiguration(r, root, c)
		return c.Listen.Admin.Name
	}
	content, _ := os.ReadFile(path)
	if m := adminLine.FindSubmatch(content); m != nil { // not YAML, but the line may still be there
		return string(m[1])
	}
	return c.Listen.Admin.Name
}
