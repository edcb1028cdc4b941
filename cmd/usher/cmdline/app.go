package cmdline

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"usher/internal/text"
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
	fitHelp()
	setUsageErrors(app.Commands)
	return app
}

// Run runs the program; args begin with its name. It returns the exit code.
func Run(app *cli.App, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	app.Reader, app.Writer, app.ErrWriter = stdin, stdout, stderr
	return exitCode(app.Run(Arrange(app, args)), stderr)
}

// setUsageErrors gives every command the same answer to a wrong option, and every group of commands the same to none
// of them, or a wrong one.
func setUsageErrors(commands []*cli.Command) {
	for _, c := range commands {
		if c.OnUsageError == nil {
			c.OnUsageError = usageError
		}
		if c.Action == nil && len(c.Subcommands) > 0 {
			c.Action = which(c.Name, c.Subcommands)
		}
		setUsageErrors(c.Subcommands)
	}
}

func usageError(c *cli.Context, err error, _ bool) error {
	name := "usher"
	if c.Command != nil && c.Command.HelpName != "" {
		name = c.Command.HelpName // with the names of the commands above it
	}
	hint := meantOption(c, err)
	if c.Command != nil && hint == "" && takesName(c.Command) && strings.Contains(err.Error(), "not defined") {
		hint = "; an account or ID that begins with - goes behind --"
	}
	if c.Command != nil && aboutDuration(c.Command, err) {
		hint = "; write a number with a unit, such as 30m or 24h"
	}
	return Exit(2, fmt.Sprintf("%v%s; see %s --help", err, hint, name))
}

// meantOption is a hint at the option that was probably meant. The library's error is a text alone.
func meantOption(c *cli.Context, err error) string {
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return ""
	}
	flags := c.App.Flags
	if c.Command != nil && c.Command.Name != c.App.Name {
		flags = c.Command.Flags
	}
	var names []string
	for _, f := range flags {
		for _, n := range f.Names() {
			if len(n) > 1 {
				names = append(names, n)
			}
		}
	}
	if meant := text.Nearest(name, names); meant != "" {
		return "; did you mean --" + meant + "?"
	}
	return ""
}

func noCommand(c *cli.Context) error {
	if c.NArg() > 0 {
		return unknownCommand("usher", c.Args().First(), c.App.Commands)
	}
	_ = cli.ShowAppHelp(c)
	return Exit(2, "")
}

// which is what a group of commands does that is called without one of them.
func which(group string, commands []*cli.Command) cli.ActionFunc {
	names := namesOf(commands) // the library adds its help to them later
	return func(c *cli.Context) error {
		if c.NArg() > 0 {
			return unknownCommand("usher "+group, c.Args().First(), commands)
		}
		list := names[0]
		if n := len(names) - 1; n > 0 {
			list = strings.Join(names[:n], ", ") + " or " + names[n]
		}
		return Exit(2, fmt.Sprintf("%s: which? %s; see usher %s --help", group, list, group))
	}
}

func unknownCommand(above, name string, commands []*cli.Command) error {
	hint := ""
	if meant := text.Nearest(name, namesOf(commands)); meant != "" {
		hint = "; did you mean " + above + " " + meant + "?"
	}
	return Exit(2, fmt.Sprintf("unknown command %q%s; see %s --help", text.Clip(name), hint, above))
}

func namesOf(commands []*cli.Command) (names []string) {
	for _, c := range slices.DeleteFunc(slices.Clone(commands), func(c *cli.Command) bool { return c.Hidden }) {
		names = append(names, c.Name)
	}
	return names
}
