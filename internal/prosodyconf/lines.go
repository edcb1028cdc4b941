package prosodyconf

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"usher/internal/config"
)

const head = `-- mod_auth_dovecot is in prosody-modules, where Debian's Prosody finds it: no plugin_paths are needed.
-- A Prosody from elsewhere needs the module's folder in its plugin_paths.
-- usher must run before Prosody starts: a host whose socket is not there does not load.
-- Restart Prosody once after pasting. Later changes of what tokens are signed with need no restart; those of the secrets
-- that stand here or are read from a file here do.
`

// Lines returns what to paste into Prosody's configuration: Lua, comments included, below the comments that say where
// Prosody's packages come from ([Packages]). Hosts with a relay come first.
// The configuration is one that was loaded without a problem.
func Lines(c *config.Config, packages string) string {
	var b strings.Builder
	b.WriteString(packages)
	asking, relayed := []string{}, []string{}
	for _, host := range slices.Sorted(maps.Keys(c.Auth.Hosts)) {
		if c.Auth.Hosts[host].Relay != nil {
			relayed = append(relayed, host)
		} else {
			asking = append(asking, host)
		}
	}
	if len(relayed) > 0 {
		b.WriteString(relayHead + relayGlobals(c))
	}
	for _, host := range relayed {
		b.WriteString(relayLines(c, host, c.Auth.Hosts[host].Relay))
	}
	if len(asking) > 0 {
		b.WriteString(askingLines(c, asking))
	}
	return b.String()
}

// askingLines are for the hosts whose Prosody asks usher.
func askingLines(c *config.Config, hosts []string) string {
	var b strings.Builder
	b.WriteString(head)
	if c.Listen.Dovecot.Network == "unix" {
		b.WriteString("-- Prosody's user must be in the group of the socket, usher's: adduser prosody usher\n")
	}
	b.WriteString("-- In a Jitsi installation, HOST is the block of the meeting domain itself, not auth.HOST or " +
		"guest.HOST:\n" +
		"-- these lines replace its authentication = \"token\", app_id and app_secret; its other lines stay.\n" +
		"-- The password is a token: let clients send it over TLS only (c2s_require_encryption is true by default).\n")
	b.WriteString(browserGlobals(c))
	for _, host := range hosts {
		fmt.Fprintf(&b, "\nVirtualHost %s\n", Quote(host))
		b.WriteString(hostOptions(c.Listen.Dovecot, host))
		if c.Listen.Gateway.Name != "" {
			b.WriteString(browserModules)
		}
		b.WriteString(guestHosts(c, host))
	}
	b.WriteString(rooms(c, hosts))
	b.WriteString(otherDoors(c, hosts))
	return b.String()
}

// hostOptions returns what stands under one VirtualHost.
func hostOptions(dovecot config.Address, host string) string {
	return "  authentication = \"dovecot\"\n" + socket(dovecot) +
		"  service_name = " + Quote(host) + " -- tells usher which host asks; Prosody does not send that otherwise\n"
}

// socket says where mod_auth_dovecot connects to.
func socket(a config.Address) string {
	if a.Network == "unix" {
		return "  dovecot_auth_socket = " + Quote(a.Name) + "\n"
	}
	host, port, err := net.SplitHostPort(dialable(a.Name))
	if err != nil { // the configuration was checked
		return ""
	}
	return "  dovecot_auth_host = " + Quote(host) + "\n  dovecot_auth_port = " + Quote(port) + "\n"
}
