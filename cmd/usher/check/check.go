// Package check is the command usher check: what is wrong with the configuration, and how is it mended.
package check

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
	"usher/internal/config"
	"usher/internal/daemon"
	"usher/internal/text"
)

// Command is usher check.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "tell every problem of the configuration, and how to mend it",
		UsageText: "usher check [--config FILE] [--online]",
		Description: `Reads the configuration and every file that it names, as usher serve would,
and prints all problems at once, each with line and column. The exit code is 1
if there is any; warnings do not count. With --online it also asks the Redis of
a cluster, and its Sentinels, for their settings.

Example:

   $ usher check --config /etc/usher/usher.yaml
   /etc/usher/usher.yaml:3:5: error: unknown key "isuers" in host "meet.example.com" — did you mean "issuers"? known keys: issuers, tokens
   1 problem`,
		Flags: []cli.Flag{cmdline.ConfigFlag(),
			&cli.BoolFlag{Name: "online", Usage: "also ask the cluster's Redis for its settings"}},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return cmdline.Exit(2, fmt.Sprintf("unexpected argument %q; name the file with --config",
					c.Args().First()))
			}
			return check(c.Context, c.App.Writer, c.String("config"), c.Bool("online"))
		},
	}
}

// lookWithin bounds the questions of --online.
const lookWithin = 15 * time.Second

func check(ctx context.Context, w io.Writer, path string, online bool) error {
	c, problems := config.Load(path)
	if c != nil && online {
		ctx, cancel := context.WithTimeout(ctx, lookWithin)
		defer cancel()
		problems = append(problems, daemon.LookOnline(ctx, c, path)...)
	}
	for _, p := range problems {
		fmt.Fprintln(w, p)
	}
	if problems.Errors() > 0 {
		fmt.Fprintln(w, text.Plural(problems.Errors(), "problem"))
		return cmdline.Exit(1, "")
	}
	fmt.Fprintf(w, "%s: ok: %s\n", path, c.Summary())
	return nil
}
