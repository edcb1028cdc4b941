package cmdline

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// NewApp returns the program with its commands.
func NewApp(version string, commands ...*cli.Command) *cli.App {
	app := &cli.App{
		Name:  "usher",
		Usage: "verify tokens and let people into an unchanged Prosody",
		UsageText: "usher COMMAND [OPTIONS]\n\nExample:\n\n   $ usher check --config /etc/usher/usher.yaml\n   $ " +
			"usher serve --config /etc/usher/usher.yaml",
		Version:              version,
		Commands:             commands,
		Action:               noCommand,
		EnableBashCompletion: true,
		Suggest:              true,
		OnUsageError:         usageError,
		ExitErrHandler:       func(*cli.Context, error) {}, // Run returns the code, once
	}
	setUsageErrors(app.Commands)
	return app
}

// Run runs the program; args begin with its name. It returns the exit code.
func Run(app *cli.App, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	app.Reader, app.Writer, app.ErrWriter = stdin, stdout, stderr
	return exitCode(app.Run(Arrange(app, args)), stderr)
}

// setUsageErrors gives every command the same answer to a wrong flag.
func setUsageErrors(commands []*cli.Command) {
	for _, c := range commands {
		if c.OnUsageError == nil {
			c.OnUsageError = usageError
		}
		setUsageErrors(c.Subcommands)
	}
}

func usageError(c *cli.Context, err error, _ bool) error {
	name := "usher"
	if c.Command != nil && c.Command.HelpName != "" {
		name = c.Command.HelpName // with the names of the commands above it
	}
	hint := ""
	if c.Command != nil && takesName(c.Command) && strings.Contains(err.Error(), "not defined") {
		hint = "; an account or ID that begins with - goes behind --"
	}
	if c.Command != nil && aboutDuration(c.Command, err) {
		hint = "; write a number with a unit, such as 30m or 24h"
	}
	return Exit(2, fmt.Sprintf("%v%s; see %s --help", err, hint, name))
}

func noCommand(c *cli.Context) error {
	if c.NArg() > 0 {
		return Exit(2, fmt.Sprintf("unknown command %q; see usher --help", c.Args().First()))
	}
	_ = cli.ShowAppHelp(c)
	return Exit(2, "")
}
