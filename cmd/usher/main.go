// Command usher lets people with Jitsi tokens into an unchanged Prosody: a daemon beside it, and the commands to
// configure, examine and steer that daemon.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/urfave/cli/v2"
)

// version is set by -ldflags "-X main.version=…"; without it the module's version counts.
var version string

func main() {
	if runBridge(os.Args, os.Stderr) {
		return
	}
	os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program; args begin with its name. It returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	app := newApp()
	app.Reader, app.Writer, app.ErrWriter = stdin, stdout, stderr
	return exitCode(app.Run(arrange(app, args)), stderr)
}

func newApp() *cli.App {
	app := &cli.App{
		Name:  "usher",
		Usage: "verify tokens and let people into an unchanged Prosody",
		UsageText: "usher COMMAND [OPTIONS]\n\nExample:\n\n   $ usher check --config /etc/usher/usher.yaml\n   $ " +
			"usher serve --config /etc/usher/usher.yaml",
		Version: buildVersion(),
		Commands: []*cli.Command{
			serveCommand(), checkCommand(), prosodyCommand(), tokenCommand(), extauthCommand(),
			reloadCommand(), statusCommand(), sessionsCommand(), lobbyCommand(), stateCommand(), clusterCommand(), setupCommand(),
			completionCommand(),
		},
		Action:               noCommand,
		EnableBashCompletion: true,
		Suggest:              true,
		OnUsageError:         usageError,
		ExitErrHandler:       func(*cli.Context, error) {}, // run exits, once
	}
	setUsageErrors(app.Commands)
	return app
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
	return exitError{2, fmt.Sprintf("%v%s; see %s --help", err, hint, name)}
}

func noCommand(c *cli.Context) error {
	if c.NArg() > 0 {
		return exitError{2, fmt.Sprintf("unknown command %q; see usher --help", c.Args().First())}
	}
	_ = cli.ShowAppHelp(c)
	return exitError{code: 2}
}

// exitCode prints err, once, and finds its code.
func exitCode(err error, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	if err.Error() != "" {
		fmt.Fprintln(stderr, "usher: "+err.Error())
	}
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	if strings.HasPrefix(err.Error(), "Required flag") { // the library has no exported type for it
		return 2
	}
	return 1
}

func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
