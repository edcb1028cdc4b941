// Package prosody is the command usher prosody: which lines does Prosody need.
package prosody

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
	"usher/internal/prosodyconf"
	"usher/internal/text"
)

// Command is usher prosody.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "prosody",
		Usage:     "print the lines to paste into Prosody's configuration",
		UsageText: "usher prosody [--config FILE] [--version 0.12|13]",
		Description: `The lines are Lua, comments included, and the same for Prosody 0.12 and 13; only
where the packages come from differs. mod_auth_dovecot is the best door; what the
other modules need stands below it as comments, with their limits.

Example, for hosts that stand in no other file (Debian's Prosody reads conf.d):

   $ usher prosody > /etc/prosody/conf.d/usher.cfg.lua`,
		Flags: []cli.Flag{cmdline.ConfigFlag(),
			&cli.StringFlag{Name: "version", Usage: "the `SERIES` of Prosody, 0.12 or 13; both by default"}},
		Action: prosodyAction,
	}
}

func prosodyAction(c *cli.Context) error {
	if err := cmdline.NoArgs(c); err != nil {
		return err
	}
	packages, known := prosodyconf.Packages(c.String("version"))
	if !known {
		return cmdline.Exit(2, fmt.Sprintf("prosody: no lines for version %q; there is 0.12 and 13",
			text.Clip(c.String("version"))))
	}
	loaded, err := cmdline.MustLoad(c)
	if err != nil {
		return err
	}
	_, err = io.WriteString(c.App.Writer, prosodyconf.Lines(loaded, packages))
	return err
}
