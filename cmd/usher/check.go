package main

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"usher/internal/config"
	"usher/internal/text"
)

// checkCommand is usher check.
func checkCommand() *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "tell every problem of the configuration, and how to mend it",
		UsageText: "usher check [--config FILE]",
		Description: `Reads the configuration and every file that it names, as usher serve would,
and prints all problems at once, each with line and column. The exit code is 1
if there is any; warnings do not count.

Example:

   $ usher check --config /etc/usher/usher.yaml
   /etc/usher/usher.yaml:3:5: error: unknown key "isuers" in host "meet.example.com" — did you mean "issuers"? known keys: issuers, tokens
   1 problem`,
		Flags: []cli.Flag{configFlag()},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return exitError{2, fmt.Sprintf("unexpected argument %q; name the file with --config",
					c.Args().First())}
			}
			return check(c.App.Writer, c.String("config"))
		},
	}
}

func check(w io.Writer, path string) error {
	c, problems := config.Load(path)
	for _, p := range problems {
		fmt.Fprintln(w, p)
	}
	if c == nil {
		fmt.Fprintln(w, text.Plural(problems.Errors(), "problem"))
		return exitError{code: 1}
	}
	fmt.Fprintf(w, "%s: ok: %s\n", path, c.Summary())
	return nil
}
