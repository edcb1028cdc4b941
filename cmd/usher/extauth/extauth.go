// Package extauth is the command usher extauth: how does a program that Prosody or ejabberd starts reach the daemon.
package extauth

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"usher/auth/extauth/bridge"
	"usher/internal/config"
	"usher/internal/text"
)

// Name is the name under which the program is the bridge at once: the
// module of Prosody that starts it cannot pass arguments.
const Name = "usher-extauth"

// Command is usher extauth for those who read its help; main takes the
// shorter way of Run.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "extauth",
		Usage:     "the bridge that Prosody's external auth or ejabberd starts",
		UsageText: "usher extauth [--socket PATH] [--protocol generic|ejabberd]\n   usher-extauth",
		Description: `Passes the queries on standard input to the daemon's listen.extauth, and answers 0
while the daemon is away. Called by the name usher-extauth it needs no arguments.
It exits with 0 whatever happens: Prosody would never start it again otherwise.

Example, in ejabberd.yml (after make install it is /usr/local/bin/usher):

   extauth_program: "/usr/bin/usher extauth --protocol ejabberd"`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "socket", Usage: "the daemon's `PATH`, listen.extauth; else $USHER_EXTAUTH_SOCKET",
				Value: config.DefaultExtauthSocket},
			&cli.StringFlag{Name: "protocol", Usage: "the `PROTOCOL`: generic for Prosody, or ejabberd",
				Value: "generic"},
		},
	}
}

// Run runs the bridge if the arguments ask for it. It builds nothing
// else first: a login waits for the start. No path of it is an error.
func Run(args []string, stderr io.Writer) bool {
	rest := args[1:]
	if filepath.Base(args[0]) != Name {
		if len(rest) == 0 || rest[0] != "extauth" {
			return false
		}
		rest = rest[1:]
		if slices.ContainsFunc(rest, asksForHelp) {
			return false
		}
	}
	o, err := bridgeOptions(rest)
	if err == nil {
		bridge.Run(o)
		return true
	}
	// Standard error may be Prosody's terminal, where it is read as an answer.
	if _, terminal := unix.IoctlGetTermios(int(os.Stderr.Fd()), unix.TCGETS); terminal != nil {
		fmt.Fprintln(stderr, "usher: extauth:", err)
	}
	return true
}

func asksForHelp(arg string) bool {
	return slices.Contains([]string{"-h", "-help", "--help", "help", "--generate-bash-completion"}, arg)
}

func bridgeOptions(args []string) (bridge.Options, error) {
	socket := os.Getenv("USHER_EXTAUTH_SOCKET")
	if socket == "" {
		socket = config.DefaultExtauthSocket
	}
	flags := flag.NewFlagSet("extauth", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&socket, "socket", socket, "")
	protocol := flags.String("protocol", "generic", "")
	if err := flags.Parse(args); err != nil {
		return bridge.Options{}, err
	}
	if flags.NArg() > 0 {
		return bridge.Options{}, fmt.Errorf("unexpected argument %q", text.Clip(flags.Arg(0)))
	}
	framing, known := bridge.FramingNamed(*protocol)
	if !known {
		return bridge.Options{}, fmt.Errorf("no protocol %q; there is generic and ejabberd", text.Clip(*protocol))
	}
	return bridge.Options{Socket: socket, Framing: framing}, nil
}
