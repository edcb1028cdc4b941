package cmdline

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"usher/internal/config"
	"usher/internal/text"
)

// ConfigFlag is --config of every command.
func ConfigFlag() cli.Flag {
	return &cli.StringFlag{Name: "config", Value: "/etc/usher/usher.yaml", EnvVars: []string{"USHER_CONFIG"},
		Usage: "the configuration `FILE`"}
}

// JSONFlag is --json of every command that prints a table or a list; it prints what says.
func JSONFlag(what string) cli.Flag { return &cli.BoolFlag{Name: "json", Usage: "print " + what} }

// NoArgs refuses what a command would silently ignore.
func NoArgs(c *cli.Context) error {
	if c.NArg() > 0 {
		return Exit(2, fmt.Sprintf("unexpected argument %q; see %s --help", c.Args().First(), c.Command.HelpName))
	}
	return nil
}

// MustLoad loads the configuration for a command that needs a good one.
func MustLoad(c *cli.Context) (*config.Config, error) {
	path := c.String("config")
	loaded, problems := config.Load(path)
	if loaded == nil {
		for _, p := range problems {
			fmt.Fprintln(Prose(c.App.ErrWriter), p)
		}
		return nil, Exit(1, fmt.Sprintf("%s has %s", path, text.Plural(problems.Errors(), "problem")))
	}
	return loaded, nil
}
