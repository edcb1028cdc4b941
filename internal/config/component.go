package config

import (
	"net"
	"strconv"
	"strings"

	"usher/internal/config/section"
	"usher/internal/config/source"
	"usher/internal/config/value"
	"usher/internal/jid"
	"usher/internal/strictyaml"
	"usher/internal/text"
	"usher/moderation/component"
)

const defaultComponentAddress = "127.0.0.1:5347"

// A Component is how usher connects to Prosody as a component; the zero value is
// not at all.
type Component struct {
	component.Config
	SecretFile string // absolute name
}

func componentSettings() section.Section {
	return section.Section{
		Path: "component",
		Text: "How usher connects to Prosody as a component (XEP-0114). As such it sets affiliations " +
			"in running rooms and takes back what it gave, has rooms with a lobby made members-only, tells " +
			"moderators who waits, and sees who is in a room without a question to usher. Without it " +
			"moderators are set only in rooms that begin after their login, and nothing is taken back. " +
			"`usher prosody` prints the lines that Prosody needs.",
		Settings: []section.Setting{
			{Key: "jid", Kind: "a domain name in lower case", Needed: true, Example: "usher.meet.example.com",
				Text: "The component's name, as in Prosody's `Component` line."},
			{Key: "address", Kind: "`host:port`", Default: defaultComponentAddress, Example: "127.0.0.1:5347",
				Text: "Where Prosody takes components (`component_ports`). The protocol has no " +
					"encryption: `usher check` warns of an address that is not loopback."},
			{Key: "secret_file", Kind: "a file of one line, 1 to 1,024 bytes", Needed: true,
				Example: "/etc/usher/component.secret",
				Text: "What stands after `component_secret` in Prosody's configuration. `openssl rand " +
					"-hex 32` makes one."},
		},
	}
}

func readComponent(r *source.Reader, v strictyaml.Value, c *Component) {
	c.Address = defaultComponentAddress
	secret, named := false, false
	complete := v.Object(componentSettings().Fields(section.Readers{
		"jid": func(v strictyaml.Value) {
			named = true
			c.JID = componentJID(v)
		},
		"address": func(v strictyaml.Value) { c.Address = hostPort(v, c.Address) },
		"secret_file": func(v strictyaml.Value) {
			secret = true
			if s, ok := v.Word(); ok {
				componentSecret(r, strictyaml.ItemOf(v, s), c)
			}
		},
	})...)
	if complete && !named {
		v.Problem("add jid, such as usher.meet.example.com", "the component has no jid")
	}
	if complete && !secret {
		v.Problem("add secret_file: a file with what stands after component_secret in Prosody's configuration",
			"the component has no secret_file")
	}
}

func componentJID(v strictyaml.Value) string {
	s, ok := v.Word()
	if ok && (!jid.IsHost(s) || !strings.Contains(s, ".")) {
		v.Problem("write it as Prosody's Component line has it, such as usher.meet.example.com",
			"jid: %q is no domain name in lower case", text.Clip(s))
		return ""
	}
	return s
}

// hostPort reads where to connect to.
func hostPort(v strictyaml.Value, fallback string) string {
	if value.PortAlone(v, "") {
		return fallback
	}
	s, ok := v.Word()
	if !ok {
		return fallback
	}
	host, port, err := net.SplitHostPort(s)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 || host == "" {
		v.Problem("write host:port, such as "+defaultComponentAddress, "%s: %q is no address", v.Name(), text.Clip(s))
		return fallback
	}
	if !value.Loopback(host) {
		v.Warn("use 127.0.0.1, unless the network is your own",
			"%s: %s is not loopback: the protocol of components has no encryption",
			v.Name(), text.Clip(s))
	}
	return s
}

func componentSecret(r *source.Reader, it strictyaml.Item, to *Component) {
	if secret, ok := r.Line(it, "component secret file", "make a new one: openssl rand -hex 32"); ok {
		to.Secret, to.SecretFile = secret, r.Resolve(it.Text)
	}
}
