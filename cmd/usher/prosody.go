package main

import (
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// prosodyCommand is usher prosody.
func prosodyCommand() *cli.Command {
	return &cli.Command{
		Name:      "prosody",
		Usage:     "print the lines to paste into Prosody's configuration",
		UsageText: "usher prosody [--config FILE]",
		Description: `The lines are the same for Prosody 0.12 and 13. They are Lua, comments included.

Example:

   $ usher prosody > /etc/prosody/conf.avail/usher.cfg.lua`,
		Flags: []cli.Flag{configFlag()},
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			loaded, err := mustLoad(c)
			if err != nil {
				return err
			}
			return printProsody(c.App.Writer, loaded)
		},
	}
}

const prosodyHead = `-- For Prosody 0.12 and 13, from Debian's packages: apt-get install prosody prosody-modules
-- (prosody-modules has mod_auth_dovecot; nothing else has to be installed).
-- usher must run before Prosody starts: a host whose socket is not there does not load.
-- Restart Prosody once after pasting. Later changes of secrets and keys need no restart.
`

func printProsody(w io.Writer, c *config) error {
	var b strings.Builder
	b.WriteString(prosodyHead)
	if c.listen.dovecot.network == "unix" {
		b.WriteString("-- Prosody's user must be in the group of the socket: adduser prosody usher\n")
	}
	for _, host := range slices.Sorted(maps.Keys(c.auth.Hosts)) {
		fmt.Fprintf(&b, "\nVirtualHost %q\n", host)
		b.WriteString("  authentication = \"dovecot\"\n")
		b.WriteString(prosodySocket(c.listen.dovecot))
		fmt.Fprintf(&b, "  service_name = %q -- tells usher which host asks; Prosody does not send it otherwise\n", host)
		b.WriteString("  -- In a Jitsi installation this replaces authentication = \"token\", app_id and app_secret of the same host.\n")
		b.WriteString("  -- Passwords are tokens: let clients send them over TLS only (c2s_require_encryption is true by default).\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// prosodySocket says where mod_auth_dovecot connects to.
func prosodySocket(a address) string {
	if a.network == "unix" {
		return fmt.Sprintf("  dovecot_auth_socket = %q\n", a.name)
	}
	host, port, err := net.SplitHostPort(a.name)
	if err != nil { // the configuration was checked
		return "  -- " + err.Error() + "\n"
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return fmt.Sprintf("  dovecot_auth_host = %q\n  dovecot_auth_port = %q\n", host, port)
}
