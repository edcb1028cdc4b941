package main

import (
	"fmt"
	"slices"

	"usher/internal/admin"

	"github.com/urfave/cli/v2"
)

// configFlag is --config of every command.
func configFlag() cli.Flag {
	return &cli.StringFlag{Name: "config", Value: "/etc/usher/usher.yaml", EnvVars: []string{"USHER_CONFIG"},
		Usage: "the configuration `FILE`"}
}

// noArgs refuses what a command would silently ignore.
func noArgs(c *cli.Context) error {
	if c.NArg() > 0 {
		return exitError{2, fmt.Sprintf("unexpected argument %q; see %s --help", c.Args().First(), c.Command.HelpName)}
	}
	return nil
}

// reloadCommand is usher reload.
func reloadCommand() *cli.Command {
	return &cli.Command{
		Name:      "reload",
		Usage:     "have the daemon read its configuration again, and say what changed",
		UsageText: "usher reload [--config FILE]",
		Description: `Waits for the result. The exit code is 1 if the new configuration was refused (the
old one stays in force), 3 if the daemon could not be reached.

Example:

   $ usher reload --config /etc/usher/usher.yaml
   reloaded
     hosts."meet.example.com".issuers.my-app.secret_files: added /etc/usher/new.secret`,
		Flags:  []cli.Flag{configFlag()},
		Action: reloadAction,
	}
}

func reloadAction(c *cli.Context) error {
	if err := noArgs(c); err != nil {
		return err
	}
	var result admin.Reload
	if err := askDaemon(c, "POST", "/reload", &result); err != nil {
		return err
	}
	for _, p := range slices.Concat(result.Problems, result.Warnings) {
		fmt.Fprintln(c.App.ErrWriter, p)
	}
	if !result.OK {
		return exitError{1, "reload refused; the old configuration stays in force" + result.RetryText()}
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
