package main

import (
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"usher/internal/config"
	"usher/internal/prosodyconf"
	"usher/internal/text"
)

// prosodyCommand is usher prosody.
func prosodyCommand() *cli.Command {
	return &cli.Command{
		Name:      "prosody",
		Usage:     "print the lines to paste into Prosody's configuration",
		UsageText: "usher prosody [--config FILE] [--version 0.12|13]",
		Description: `The lines are Lua, comments included, and the same for Prosody 0.12 and 13; only
where the packages come from differs. mod_auth_dovecot is the best door; what the
other modules need stands below it as comments, with their limits.

Example:

   $ usher prosody > /etc/prosody/conf.avail/usher.cfg.lua`,
		Flags: []cli.Flag{configFlag(),
			&cli.StringFlag{Name: "version", Usage: "the `SERIES` of Prosody, 0.12 or 13; both by default"}},
		Action: prosodyAction,
	}
}

func prosodyAction(c *cli.Context) error {
	if err := noArgs(c); err != nil {
		return err
	}
	packages, err := prosodyPackages(c.String("version"))
	if err != nil {
		return err
	}
	loaded, err := mustLoad(c)
	if err != nil {
		return err
	}
	_, err = io.WriteString(c.App.Writer, prosodyLines(loaded, packages))
	return err
}

// prosodyPackages says, in comments, where a series comes from.
func prosodyPackages(series string) (string, error) {
	const (
		old = "-- Prosody 0.12 (Debian 12): apt-get install prosody prosody-modules\n"
		now = "-- Prosody 13 (Debian 13): apt-get install prosody prosody-modules\n" +
			"--            (Debian 12): apt-get install -t bookworm-backports prosody prosody-modules\n"
	)
	switch series {
	case "":
		return old + now, nil
	case "0.12":
		return old, nil
	case "13", "13.0":
		return now, nil
	}
	return "", exitError{2, fmt.Sprintf("prosody: no lines for version %q; there is 0.12 and 13", text.Clip(series))}
}

const prosodyHead = `-- mod_auth_dovecot is in prosody-modules, where Debian's Prosody finds it: no plugin_paths are needed.
-- A Prosody from elsewhere needs the module's folder in its plugin_paths.
-- usher must run before Prosody starts: a host whose socket is not there does not load.
-- Restart Prosody once after pasting. Later changes of secrets and keys need no restart.
`

func prosodyLines(c *config.Config, packages string) string {
	var b strings.Builder
	b.WriteString(packages + prosodyHead)
	if c.Listen.Dovecot.Network == "unix" {
		b.WriteString("-- Prosody's user must be in the group of the socket, usher's: adduser prosody usher\n")
	}
	b.WriteString("-- In a Jitsi installation, HOST is the block of the meeting domain itself, not auth.HOST or guest.HOST:\n" +
		"-- these lines replace its authentication = \"token\", app_id and app_secret; its other lines stay.\n" +
		"-- The password is a token: let clients send it over TLS only (c2s_require_encryption is true by default).\n")
	b.WriteString(prosodyGlobal(c))
	hosts := slices.Sorted(maps.Keys(c.Auth.Hosts))
	for _, host := range hosts {
		fmt.Fprintf(&b, "\nVirtualHost %s\n", prosodyconf.Quote(host))
		b.WriteString(prosodyOptions(c.Listen.Dovecot, host))
		if c.Listen.Gateway.Name != "" {
			b.WriteString(browserModules)
		}
		b.WriteString(prosodyGuests(c, host))
	}
	b.WriteString(prosodyRooms(c, hosts))
	b.WriteString(otherDoors(c, hosts))
	return b.String()
}

// prosodyOptions returns what stands under one VirtualHost.
func prosodyOptions(dovecot config.Address, host string) string {
	return "  authentication = \"dovecot\"\n" + prosodySocket(dovecot) +
		"  service_name = " + prosodyconf.Quote(host) + " -- tells usher which host asks; Prosody does not send that otherwise\n"
}

// prosodySocket says where mod_auth_dovecot connects to.
func prosodySocket(a config.Address) string {
	if a.Network == "unix" {
		return "  dovecot_auth_socket = " + prosodyconf.Quote(a.Name) + "\n"
	}
	host, port, err := net.SplitHostPort(dialable(a.Name))
	if err != nil { // the configuration was checked
		return ""
	}
	return "  dovecot_auth_host = " + prosodyconf.Quote(host) + "\n  dovecot_auth_port = " + prosodyconf.Quote(port) + "\n"
}
