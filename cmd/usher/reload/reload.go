// Package reload is the command usher reload: has the daemon taken the new configuration, and what changed.
package reload

import (
	"fmt"
	"slices"

	"usher/cmd/usher/cmdline"
	"usher/internal/admin"

	"github.com/urfave/cli/v2"
)

// Command is usher reload.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "reload",
		Usage:     "have the daemon read its configuration again, and say what changed",
		UsageText: "usher reload [--config FILE] [--json]",
		Description: `Waits for the result. The exit code is 1 if the new configuration was refused (the
old one stays in force), 3 if the daemon could not be reached.

Example:

   $ usher reload --config /etc/usher/usher.yaml
   reloaded
     hosts."meet.example.com".issuers.my-app.secret_files: added new.secret`,
		Flags:  []cli.Flag{cmdline.ConfigFlag(), cmdline.JSONFlag("one JSON object")},
		Action: reloadAction,
	}
}

func reloadAction(c *cli.Context) error {
	if err := cmdline.NoArgs(c); err != nil {
		return err
	}
	var result admin.Reload
	if err := cmdline.Ask(c, "POST", "/reload", &result); err != nil {
		return err
	}
	if c.Bool("json") {
		if err := cmdline.WriteJSON(c.App.Writer, result); err != nil || result.OK {
			return err
		}
		return cmdline.Exit(1, "")
	}
	for _, p := range slices.Concat(result.Problems, result.Warnings) {
		fmt.Fprintln(cmdline.Prose(c.App.ErrWriter), p)
	}
	if !result.OK {
		return cmdline.Exit(1, "reload refused; the old configuration stays in force"+result.RetryText())
	}
	text := "reloaded"
	switch {
	case len(result.Changes) > 0:
	case len(result.Earlier) > 0:
		text = "reloaded; nothing changed since the reload a moment ago, which brought:"
	default:
		text = "reloaded; nothing changed"
	}
	fmt.Fprintln(c.App.Writer, text)
	for _, change := range slices.Concat(result.Changes, result.Earlier) {
		fmt.Fprintln(c.App.Writer, "  "+change)
	}
	return nil
}
