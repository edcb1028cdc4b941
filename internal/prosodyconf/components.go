package prosodyconf

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"usher/internal/config"
	"usher/moderation"
)

// rooms returns the lines for rooms, or how to get them.
func rooms(c *config.Config, hosts []string) string {
	var named []moderation.HostPolicy
	for _, host := range hosts {
		i := slices.IndexFunc(c.Rooms, func(h moderation.HostPolicy) bool { return h.Host == host })
		if i >= 0 && len(c.Rooms[i].MUC) > 0 {
			named = append(named, c.Rooms[i])
		}
	}
	if len(named) == 0 {
		return "\n-- Rooms: name the MUC components under muc in usher.yaml, and this prints their lines.\n"
	}
	var b strings.Builder
	b.WriteString(roomsHead + roomsSecret(c))
	for _, h := range named {
		for _, muc := range slices.Concat(h.MUC, h.Breakout) {
			b.WriteString(mucComponent(c, h, muc))
		}
	}
	b.WriteString(ownComponent(c))
	return b.String()
}

const roomsHead = `
-- Rooms. mod_muc_http_auth and mod_muc_http_defaults are not in Debian; Prosody's own installer brings them
-- (it wants the package luarocks: apt-get install luarocks):
--   prosodyctl install --server=https://modules.prosody.im/rocks/ mod_muc_http_auth
--   prosodyctl install --server=https://modules.prosody.im/rocks/ mod_muc_http_defaults
-- The Components are there already: add these lines to them. In a Jitsi installation take "token_verification",
-- "muc_allowners" and "token_affiliation" out of modules_enabled; "muc_hide_all" may stay.
`

// roomsSecret is the line that reads the secret, before all sections.
func roomsSecret(c *config.Config) string {
	if c.HTTP.Secret == "" || c.HTTP.Insecure {
		return ""
	}
	return "-- This line stands before the first VirtualHost; Prosody's user must be able to read the file:\n" +
		"local usher_key = " + luaSecret(c.HTTP.SecretFile) + "\n"
}

// luaSecret is an expression of Prosody's configuration for the first line of a file. Of a file that Prosody cannot
// read it is nil, and says so on standard error: an error in the configuration ends all of Prosody. Without the secret
// usher refuses what is asked, and Prosody refuses the component.
func luaSecret(file string) string {
	return "(function (f, why) if f then return f:read(\"l\") end (Lua or _G).io.stderr:write(\"usher: \", why, " +
		"\"\\n\") end)((Lua or _G).io.open(" + Quote(file) + "))"
}

func mucComponent(c *config.Config, h moderation.HostPolicy, muc string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nComponent %s \"muc\"\n", Quote(muc))
	if c.Listen.HTTP.Network != "tcp" {
		b.WriteString("  -- set listen.http in usher.yaml, as host:port, and an http_secret_file: Prosody asks it " +
			"about joins\n")
	} else {
		base := "http://" + dialable(c.Listen.HTTP.Name)
		b.WriteString("  modules_enabled = { \"muc_http_auth\", \"muc_http_defaults\" } -- besides those that are " +
			"there\n" +
			"  muc_http_auth_url = " + Quote(base+moderation.JoinPath) + "\n" +
			"  muc_create_api_url = " + Quote(base+moderation.CreatePath+"?jid={room.jid}") + "\n")
		if c.HTTP.Secret != "" && !c.HTTP.Insecure {
			b.WriteString("  muc_http_auth_authorization_header = usher_key and \"Bearer \"..usher_key\n" +
				"  muc_create_api_auth = usher_key and \"Bearer \"..usher_key\n")
		}
	}
	b.WriteString("  muc_room_locking = false -- else a room whose creator is no moderator stays locked\n" + jitsiOptions)
	b.WriteString(adminLines(c, h))
	return b.String()
}

// jitsiOptions are for modules that a Jitsi has. Without those they do nothing.
const jitsiOptions = "  muc_rate_joins = 100000 -- of Jitsi's muc_rate_limit: a join that it holds back never ends, " +
	"and nor do the next\n  wait_for_host_disable_auto_owners = true -- of Jitsi's muc_wait_for_host: else all with " +
	"a token are owners\n"

func ownComponent(c *config.Config) string {
	if c.Component.JID == "" {
		return "\n-- Without component in usher.yaml moderators are set only in rooms that begin after their login.\n"
	}
	port := "5347"
	if _, p, err := net.SplitHostPort(c.Component.Address); err == nil {
		port = p
	}
	text := otherUshers(c) + fmt.Sprintf("\nComponent %s\n  component_secret = %s\n", Quote(c.Component.JID),
		luaSecret(c.Component.SecretFile))
	if port != "5347" {
		text += "-- and in the global section: component_ports = { " + port + " }\n"
	}
	return text
}

// otherUshers says what of the lines of the other ushers of a Prosody stands beside those of this one.
func otherUshers(c *config.Config) string {
	if !c.Cluster.Named() {
		return ""
	}
	return fmt.Sprintf("\n-- This is usher %s of cell %s. Each other usher of this Prosody has a Component of its own, which it\n"+
		"-- prints, and its place among the admins; all other lines stand here once.\n", c.Cluster.Node, c.Cluster.Cell)
}
