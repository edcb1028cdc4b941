package prosodyconf

import (
	"fmt"
	"slices"
	"strings"

	"usher/auth"
	"usher/internal/config"
	"usher/internal/config/value"
	"usher/moderation"
)

// relayHead stands before the lines of the hosts that have a relay.
const relayHead = `-- Jitsi: usher stands in front, and Jitsi's modules stay. usher setup jitsi writes all of this into the files of
-- Debian's packages; docs/jitsi.md says what each line is for. Restart Prosody once.
`

// relayGlobals stands before all sections.
func relayGlobals(c *config.Config) string {
	if c.Gateway.Upstream == nil || !value.Loopback(c.Gateway.Upstream.Hostname()) {
		return ""
	}
	return "\n-- At the top, before the first VirtualHost:\n" +
		"http_interfaces = { \"127.0.0.1\", \"::1\" } -- browsers come by way of usher; guests could get round it\n"
}

// relayLines returns what changes for one host whose Prosody verifies inner tokens itself: in Prosody's configuration,
// and, as comments, in those of nginx and jicofo.
func relayLines(c *config.Config, host string, relay *auth.RelayConfig) string {
	i := slices.IndexFunc(c.Rooms, func(h moderation.HostPolicy) bool { return h.Host == host })
	if i < 0 { // the configuration was checked
		return ""
	}
	h := c.Rooms[i]
	var b strings.Builder
	fmt.Fprintf(&b, "\n-- %s\n", strings.Repeat("-", 60))
	fmt.Fprintf(&b, "-- /etc/prosody/conf.avail/%s.cfg.lua, whose sections are there already.\n", host)
	b.WriteString("\nVirtualHost " + Quote(host) + "\n" + relayOptions(relay))
	for _, guests := range h.Guests {
		b.WriteString("\nVirtualHost " + Quote(guests) + " -- for guests, who have no token\n" +
			"  authentication = \"jitsi-anonymous\"\n  modules_enabled = { \"smacks\" } -- to resume after a lost " +
			"connection\n  c2s_require_encryption = false -- as the host above has it\n")
	}
	for n, muc := range slices.Concat(h.MUC, h.Breakout) {
		b.WriteString(relayComponent(c, h, muc, n < len(h.MUC)))
	}
	b.WriteString(ownComponent(c) + relayAround(c, host))
	return b.String()
}

// relayOptions is what a virtual host believes.
func relayOptions(relay *auth.RelayConfig) string {
	var b strings.Builder
	b.WriteString("  authentication = \"token\" -- instead of \"jitsi-anonymous\"; it needs lua-basexx for Prosody's Lua\n" +
		"  app_id = " + Quote(relay.Issuer) + "\n")
	if pem := relay.Key.PublicPEM(); pem != "" {
		b.WriteString("  app_secret = [[\n" + strings.TrimSpace(pem) + "\n]]\n")
	} else {
		b.WriteString("  app_secret = \"…\" -- what is in relay.secret_file; with key_file it is no secret\n")
	}
	b.WriteString("  signature_algorithm = " + Quote(relay.Key.Algorithm()) + "\n")
	fmt.Fprintf(&b, "  enable_domain_verification = %t -- as relay.domain_verification\n", relay.DomainVerification)
	if relay.GuestsStart && relay.AllowEmptyToken {
		b.WriteString("  allow_empty_token = true -- as relay.allow_empty_token: the gateway hands on logins " +
			"without a token\n  -- Take out asap_key_server and cache_keys_url (with them Prosody ignores " +
			"app_secret).\n")
	} else {
		b.WriteString("  -- Take out asap_key_server and cache_keys_url (with them Prosody ignores app_secret), and allow_empty_token.\n")
	}
	if relay.Audience != relay.Issuer {
		b.WriteString("  asap_accepted_audiences = { " + Quote(relay.Audience) + " }\n")
	} else {
		b.WriteString("  -- Take out asap_accepted_issuers and asap_accepted_audiences: inner tokens have app_id for both.\n")
	}
	return b.String()
}

// relayComponent is a component with rooms. The main ones verify the token once more.
func relayComponent(c *config.Config, h moderation.HostPolicy, muc string, main bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nComponent %s \"muc\"\n", Quote(muc))
	if main {
		modules := "\"token_verification\""
		if c.Component.JID == "" {
			modules += ", \"token_affiliation\""
		}
		b.WriteString("  modules_enabled = { " + modules + " } -- besides those that are there; take out " +
			"\"muc_http_auth\", \"muc_http_defaults\", \"muc_allowners\"\n")
		if len(h.Guests) > 0 {
			b.WriteString("  token_verification_allowlist = " + List(h.Guests) + " -- besides those that are there\n")
		}
		b.WriteString("  wait_for_host_disable_auto_owners = true -- of muc_wait_for_host: else all with a token are owners\n")
	}
	return b.String() + adminLines(c, h)
}

// adminLines makes usher's component an admin of rooms, and leaves jicofo one.
func adminLines(c *config.Config, h moderation.HostPolicy) string {
	admins := []string{}
	if c.Component.JID != "" {
		admins = append(admins, c.Component.JID)
	}
	for _, jid := range h.ServiceAccounts {
		if strings.HasPrefix(jid, "focus@") { // jicofo must stay admin, as Jitsi has it
			admins = append(admins, jid)
		}
	}
	if len(admins) == 0 {
		return ""
	}
	return "  admins = " + List(admins) + " -- besides those that are there\n" +
		"  component_admins_as_room_owners = true -- Prosody 13 wants it, 0.12 accepts it\n"
}

// relayAround is what has to change outside of Prosody.
func relayAround(c *config.Config, host string) string {
	if c.Listen.Gateway.Name == "" {
		return "\n-- Name listen.gateway in usher.yaml, and this prints the lines of the web server.\n"
	}
	gateway := dialable(c.Listen.Gateway.Name)
	return fmt.Sprintf(`
-- nginx, /etc/nginx/sites-available/%[1]s.conf:
--   upstream prosody { … server %[2]s; … }                      # instead of 127.0.0.1:5280
--   location = /xmpp-websocket { … proxy_set_header X-Forwarded-For $remote_addr; … }
--   location ~ ^/conference-request/v1(\/.*)?$ { proxy_pass http://%[2]s/conference-request/v1$1; … }
-- jicofo, /etc/jitsi/jicofo/jicofo.conf: its authentication stays off, or every token makes an owner
--   jicofo { conference { enable-auto-owner = false } }
`, host, gateway)
}
