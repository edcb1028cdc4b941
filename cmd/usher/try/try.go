// Package try is the command usher try: where does a login stop, or a join, on the way through all hops? It starts no
// goroutine and holds no lock.
package try

import (
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
	"usher/internal/config"
	"usher/internal/readfile"
	"usher/internal/text"
	"usher/internal/try"
)

// Command is usher try.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "try",
		Usage:     "log in and join a room as a client does, and say where that stops",
		UsageText: "usher try [--url wss://… | --c2s HOST[:PORT]] [OPTIONS]",
		Description: `Makes a token that is good for a minute, or takes one, logs in and joins a room through
each hop that the configuration has: the page's name and certificate, the web server,
usher's gateway, Prosody, the room; BOSH, a guest and external authentication, where they
are configured. Each is one line: ✓ and what was seen, ✗ with what to
change, or – where a hop before it failed. It leaves nothing behind: a room of its own is
gone then, and its session is ended. No token is printed.

Without --url and --c2s it begins at the page where the configuration has a gateway,
and else at port 5222 of the host. The exit code is 0 if all is well, 1 if not, and 3 if
nothing is wrong but that the daemon does not answer.

Example:

   $ usher try
   $ usher try --c2s localhost --host meet.example.com
   $ usher try --url wss://meet.example.com/xmpp-websocket \
       --room standup --token - < token.txt`,
		Flags: []cli.Flag{
			cmdline.ConfigFlag(),
			&cli.StringFlag{Name: "url", Usage: "the `ADDRESS` of the page, or of its WebSocket"},
			&cli.StringFlag{Name: "c2s", Usage: "begin at Prosody's port for clients instead, `HOST[:PORT]`"},
			&cli.StringFlag{Name: "connect", Usage: "connect to `HOST:PORT`, whatever address the page's name has"},
			&cli.StringFlag{Name: "host", Usage: "the virtual `HOST`; the only one by default"},
			&cli.StringFlag{Name: "issuer", Usage: "the issuer's `ID` whose token is made; the only one by default"},
			&cli.StringFlag{Name: "room", Usage: "the `ROOM` to join; by default a new one of a drawn name"},
			&cli.StringFlag{Name: "token", Usage: "take the token in a `FILE`, or of standard input (-), instead of making one"},
			&cli.StringFlag{Name: "ca-file", Usage: "believe the certificates that the CA in a PEM `FILE` has signed, too"},
			cmdline.JSONFlag("one JSON object"),
		},
		Action: action,
	}
}

func action(c *cli.Context) error {
	if err := cmdline.NoArgs(c); err != nil {
		return err
	}
	trial := &try.Trial{ConfigFile: c.String("config"), Room: c.String("room"), Folders: try.TheirFolders()}
	if out := cmdline.Prose(c.App.Writer); !c.Bool("json") {
		trial.Show = func(h try.Hop) { printHop(out, h) }
	}
	if c.IsSet("url") && c.IsSet("c2s") {
		return cmdline.Exit(2, "--url and --c2s are two ways: give one")
	}
	loaded, problems := config.Load(trial.ConfigFile)
	if loaded == nil {
		return badConfig(c, trial, problems)
	}
	trial.Config = loaded
	if err := read(c, trial); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(c.Context, os.Interrupt, syscall.SIGTERM) // it leaves nothing behind then, too
	defer stop()
	if !c.Bool("json") {
		fmt.Fprintf(c.App.Writer, "host %s, %s\n", trial.Host, trial.Target)
	}
	return report(c, trial.Run(ctx))
}

// badConfig is the report of a configuration that cannot be used.
func badConfig(c *cli.Context, trial *try.Trial, problems config.Problems) error {
	r := try.Report{Hops: []try.Hop{}}
	for _, p := range problems {
		if !p.Warning {
			mend := p.Mend
			if os.Geteuid() != 0 && strings.Contains(p.Text, "permission denied") {
				mend += "; root may read it: sudo usher try"
			}
			seen := fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Text)
			r.Hops = append(r.Hops, try.Hop{Name: "config", State: try.Failed, Seen: seen, Mend: mend})
		}
	}
	for _, h := range r.Hops {
		if trial.Show != nil {
			trial.Show(h)
		}
	}
	return report(c, r)
}

// read takes over what the flags say, by the configuration.
func read(c *cli.Context, trial *try.Trial) (err error) {
	host, rules, err := cmdline.Choose(trial.Config.Auth.Hosts, c.String("host"), "host", "--host")
	if err != nil {
		return err
	}
	trial.Host, trial.Target = host, try.TargetOf(trial.Config, host)
	if c.String("token") != "" {
		trial.Token, err = readToken(c)
	} else {
		trial.Issuer, _, err = cmdline.Choose(rules.Issuers, c.String("issuer"), "issuer", "--issuer")
	}
	if err != nil {
		return err
	}
	flag := "--url"
	switch {
	case c.IsSet("url"):
		trial.Target, err = try.ParseURL(c.String("url"))
	case c.IsSet("c2s"):
		flag = "--c2s"
		trial.Target, err = try.ParseC2S(c.String("c2s"))
	}
	if err != nil {
		return cmdline.Exit(2, flag+": "+err.Error())
	}
	if rules.Relay != nil && trial.Target.URL == nil {
		return cmdline.Exit(2, "people come to "+host+" by its page alone, as it has a relay: give --url")
	}
	if trial.Connect = c.String("connect"); trial.Connect != "" {
		if _, _, err := net.SplitHostPort(trial.Connect); err != nil {
			return cmdline.Exit(2, "--connect: write it like 192.0.2.1:443")
		}
	}
	if name := c.String("ca-file"); name != "" {
		trial.Roots, err = readRoots(name)
	}
	return err
}

// maxTokenFile bounds a file with a token, in bytes.
const maxTokenFile = 64 << 10

// readToken reads a token, and leaves out white space around it.
func readToken(c *cli.Context) (string, error) {
	var content []byte
	if name := c.String("token"); name == "-" {
		var err error
		if content, err = io.ReadAll(io.LimitReader(c.App.Reader, maxTokenFile)); err != nil {
			return "", fmt.Errorf("reading the token: %w", err)
		}
	} else {
		var fault *readfile.Fault
		if content, _, fault = readfile.Regular(name, maxTokenFile); fault != nil {
			if strings.Count(name, ".") == 2 && len(name) > 100 {
				return "", cmdline.Exit(2, "--token: give the token in a file or on standard input (-): what stands "+
					"on a command line, other users of this machine can read")
			}
			return "", cmdline.Exit(1, fmt.Sprintf("the token's file %s %s", text.Printable(name), fault.Text))
		}
	}
	token := strings.TrimSpace(string(content))
	if token == "" {
		return "", cmdline.Exit(1, "there is no token in what --token names")
	}
	return token, nil
}

func readRoots(name string) (*x509.CertPool, error) {
	content, _, fault := readfile.Regular(name, config.MaxSize)
	if fault != nil {
		return nil, cmdline.Exit(1, fmt.Sprintf("--ca-file: %s %s", text.Printable(name), fault.Text))
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(content) {
		return nil, cmdline.Exit(1, fmt.Sprintf("--ca-file: there is no certificate in %s", text.Printable(name)))
	}
	return pool, nil
}

// printHop prints a hop as one line, and what to change as a second.
func printHop(w io.Writer, h try.Hop) {
	mark := map[try.State]string{try.Passed: "✓", try.Failed: "✗", try.NotReached: "–"}[h.State]
	fmt.Fprintf(w, "%s %-12s %s\n", mark, h.Name, h.Seen)
	if h.Mend != "" {
		fmt.Fprintf(w, "  → %s\n", h.Mend)
	}
}

// report ends the command.
func report(c *cli.Context, r try.Report) error {
	if c.Bool("json") {
		if err := cmdline.WriteJSON(c.App.Writer, r); err != nil {
			return err
		}
	}
	switch {
	case r.OK:
		return nil
	case r.Unreachable:
		return cmdline.Exit(3, "")
	}
	return cmdline.Exit(1, "")
}
