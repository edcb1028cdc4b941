// Package console is the command usher console: a link that lets an operator into the console.
package console

import (
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
	"usher/internal/admin"
)

// Command is usher console.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "console",
		Usage:     "print a link that lets you into the console, once",
		UsageText: "usher console [--config FILE] [--json]",
		Description: `The link is good for 60 seconds and for one use; what follows the # is a secret that no web server sees.
Whoever uses it is an operator for 12 hours at most, and stands in the audit with the name of the user that called this.
Eight links wait at a time: a ninth takes the place of the oldest.

The console is there if the configuration has listen.console; console.url is where browsers reach it. Without that the
link is for a browser on this machine, or behind a tunnel to it.

The exit code is 1 if there is no console, 3 if the daemon could not be reached.

Example:

   $ usher console
   https://console.example.com/enter#3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAA…
   good once, for 60 seconds`,
		Flags:  []cli.Flag{cmdline.ConfigFlag(), cmdline.JSONFlag("one JSON object")},
		Action: run,
	}
}

func run(c *cli.Context) error {
	if err := cmdline.NoArgs(c); err != nil {
		return err
	}
	var link admin.ConsoleLink
	if err := cmdline.Ask(c, "POST", admin.ConsolePath, &link); err != nil {
		return err
	}
	switch {
	case c.Bool("json"):
		if err := cmdline.WriteJSON(c.App.Writer, link); err != nil || link.Problem == "" {
			return err
		}
		return cmdline.Exit(1, "")
	case link.Problem != "":
		return cmdline.Exit(1, link.Problem)
	}
	fmt.Fprintln(c.App.Writer, link.URL)
	fmt.Fprintf(c.App.ErrWriter, "good once, for %d seconds\n",
		int(time.Until(link.Until).Round(time.Second).Seconds()))
	if u, err := url.Parse(link.URL); err == nil && link.Local {
		fmt.Fprintf(c.App.ErrWriter, "from another machine, first: ssh -L %s:%s HOST\n", u.Port(),
			net.JoinHostPort(u.Hostname(), u.Port()))
	}
	return nil
}
