// Command usher lets people with Jitsi tokens into an unchanged Prosody: a daemon beside it, and the commands to
// configure, examine and steer that daemon. Each command is a package below this one.
package main

import (
	"os"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/audit"
	"usher/cmd/usher/check"
	"usher/cmd/usher/cluster"
	"usher/cmd/usher/cmdline"
	"usher/cmd/usher/completion"
	"usher/cmd/usher/console"
	"usher/cmd/usher/extauth"
	"usher/cmd/usher/lobby"
	"usher/cmd/usher/manpage"
	"usher/cmd/usher/prosody"
	"usher/cmd/usher/refusals"
	"usher/cmd/usher/reload"
	"usher/cmd/usher/serve"
	"usher/cmd/usher/sessions"
	"usher/cmd/usher/setup"
	"usher/cmd/usher/state"
	"usher/cmd/usher/status"
	"usher/cmd/usher/token"
	"usher/cmd/usher/try"
	versioncommand "usher/cmd/usher/version"
)

// version is set by -ldflags "-X main.version=…"; without it the module's version counts.
var version string

func main() {
	if extauth.Run(os.Args, os.Stderr) {
		return
	}
	os.Exit(cmdline.Run(newApp(), os.Args, os.Stdin, os.Stdout, os.Stderr))
}

func newApp() *cli.App {
	return cmdline.NewApp(buildVersion(),
		serve.Command(),
		check.Command(),
		prosody.Command(),
		token.Command(),
		extauth.Command(),
		reload.Command(),
		status.Command(),
		try.Command(),
		refusals.Command(),
		sessions.Command(),
		lobby.Command(),
		audit.Command(),
		console.Command(),
		state.Command(),
		cluster.Command(),
		setup.Command(),
		completion.Command(),
		versioncommand.Command(),
		manpage.Command(),
	)
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
