package prosodyconf

import (
	"maps"
	"slices"
	"strings"

	"usher/internal/config"
	"usher/internal/config/value"
	"usher/moderation"
)

// browserModules is what Prosody needs for clients in browsers. With smacks
// (XEP-0198) they get over a restart of usher.
const browserModules = "  modules_enabled = { \"websocket\", \"bosh\", \"smacks\" } -- besides those that are there\n"

// browserGlobals returns what stands before all sections.
func browserGlobals(c *config.Config) string {
	if c.Listen.Gateway.Name == "" {
		return "\n-- Jitsi's links (?jwt=): name listen.gateway in usher.yaml, and this prints their lines.\n"
	}
	text := "\n-- These lines stand before the first VirtualHost; a file that is included begins there.\n" +
		"consider_websocket_secure = true -- the web server in front of usher has TLS\n" +
		"consider_bosh_secure = true\n"
	if port := c.Gateway.Upstream.Port(); port != "5280" && c.Gateway.Upstream.Scheme == "http" {
		text += "http_ports = { " + port + " }\n"
	}
	if value.Loopback(c.Gateway.Upstream.Hostname()) {
		text += "http_interfaces = { \"127.0.0.1\", \"::1\" } -- browsers go to the web server, and from there to " +
			"usher\n"
	}
	return text + "-- If pages have another host name than a VirtualHost: http_default_host = " +
		Quote(slices.Sorted(maps.Keys(c.Auth.Hosts))[0]) + "\n"
}

// guestHosts returns the anonymous hosts of those who come without a token.
func guestHosts(c *config.Config, host string) string {
	i := slices.IndexFunc(c.Rooms, func(h moderation.HostPolicy) bool { return h.Host == host })
	if i < 0 || c.Listen.Gateway.Name == "" || !c.Gateway.Guests {
		return ""
	}
	var text strings.Builder
	for _, guests := range c.Rooms[i].Guests {
		text.WriteString("\nVirtualHost " + Quote(guests) + "\n  authentication = \"anonymous\" -- for guests, who " +
			"have no token\n" + browserModules)
	}
	return text.String()
}
