// Package audit is the command usher audit: what did operators and moderators change.
package audit

import (
	"cmp"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
	"usher/internal/admin"
	"usher/internal/text"
)

// Command is usher audit.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "audit",
		Usage:     "list what operators and moderators have changed since the daemon started",
		UsageText: "usher audit [--config FILE] [--json]",
		Description: `Each change over the admin socket, with the user of the process that asked, and each decision of a moderator
about who waits in a lobby, with the moderator's account; those that were refused as well. The last 500 of either are
kept, until the daemon ends. For longer there is the log: each of them is a line "audit". The exit code is 3 if
the daemon could not be reached.

Example:

   $ usher audit
   2026-11-28 10:02:11
     by root (uid 0); command sessions revoke; target alice@meet.example.com;
     result done`,
		Flags: []cli.Flag{cmdline.ConfigFlag(), cmdline.JSONFlag("one JSON array")},
		Action: func(c *cli.Context) error {
			if err := cmdline.NoArgs(c); err != nil {
				return err
			}
			var list []admin.Change
			if err := cmdline.Ask(c, "GET", admin.AuditPath, &list); err != nil {
				return err
			}
			if c.Bool("json") {
				return cmdline.WriteJSON(c.App.Writer, list)
			}
			return print(c.App.Writer, list)
		},
	}
}

func print(w io.Writer, list []admin.Change) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "nothing was changed since the daemon started")
		return err
	}
	table := cmdline.NewTable(w, "TIME\tBY\tCOMMAND\tTARGET\tRESULT")
	for _, c := range list {
		result := "refused"
		if c.Done {
			result = "done"
		}
		if c.Why != "" {
			result += ": " + c.Why
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", c.Time.Local().Format(time.DateTime), text.Printable(c.By()),
			c.Command, text.Printable(cmp.Or(c.Target, "-")), text.Printable(result))
	}
	return table.Flush()
}
