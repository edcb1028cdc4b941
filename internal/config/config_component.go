package config

import (
	"net"
	"strconv"
	"strings"

	"usher/auth/keys"
	"usher/internal/jid"
	"usher/internal/text"
	"usher/moderation/component"
)

const defaultComponentAddress = "127.0.0.1:5347"

// A componentConfig is how usher connects to Prosody as a component; the zero
// value is not at all.
type Component struct {
	component.Config
	SecretFile string // absolute name
}

func (c *Component) read(v value) {
	c.Address = defaultComponentAddress
	secret, named := false, false
	complete := v.object(
		field{"jid", func(v value) {
			named = true
			s, ok := v.word()
			if ok && (!jid.IsHost(s) || !strings.Contains(s, ".")) {
				v.problem("write it as Prosody's Component line has it, such as usher.meet.example.com", "jid: %q is no domain name in lower case", text.Clip(s))
				return
			}
			c.JID = s
		}},
		field{"address", func(v value) { c.Address = v.hostPort(c.Address) }},
		field{"secret_file", func(v value) {
			secret = true
			if s, ok := v.word(); ok {
				item{v, s}.componentSecret(c)
			}
		}},
	)
	if complete && !named {
		v.problem("add jid, such as usher.meet.example.com", "the component has no jid")
	}
	if complete && !secret {
		v.problem("add secret_file: a file with what stands after component_secret in Prosody's configuration", "the component has no secret_file")
	}
}

// hostPort reads where to connect to.
func (v value) hostPort(fallback string) string {
	if v.portAlone("") {
		return fallback
	}
	s, ok := v.word()
	if !ok {
		return fallback
	}
	host, port, err := net.SplitHostPort(s)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 || host == "" {
		v.problem("write host:port, such as "+defaultComponentAddress, "%s: %q is no address", v.name, text.Clip(s))
		return fallback
	}
	if !Loopback(host) {
		v.warn("use 127.0.0.1, unless the network is your own", "%s: %s is not loopback: the protocol of components has no encryption", v.name, text.Clip(s))
	}
	return s
}

func (it item) componentSecret(to *Component) {
	content, ok := it.file("component secret file", true)
	if !ok {
		return
	}
	secret := strings.TrimSuffix(string(content), "\n")
	if secret == "" || strings.ContainsAny(secret, "\r\n\x00") || len(secret) > 1024 {
		it.problem("make a new one: openssl rand -hex 32", "the component secret file %q is not one line of 1 to 1,024 bytes", text.Clip(it.text))
		return
	}
	for _, d := range keys.DoubtSecretText(content) {
		it.warn(d.Mend, "the component secret file %q: %s", text.Clip(it.text), d.Text)
	}
	to.Secret, to.SecretFile = secret, it.r.resolve(it.text)
}
