// Package refusals is the command usher refusals: who was not let in a moment ago, and why.
package refusals

import (
	"fmt"
	"io"
	"net/url"
	"strconv"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
	"usher/internal/admin"
)

// usualLast is how many decisions are shown unless more are asked for: each has some twenty lines.
const usualLast = 10

// Command is usher refusals.
func Command() *cli.Command {
	return &cli.Command{
		Name:  "refusals",
		Usage: "show who was not let in a moment ago, and why",
		UsageText: "usher refusals [--config FILE] [--account A] [--room R] [--door D] [--reason R] [--login ID]\n" +
			"   [--since 10m] [--last N] [--all] [--short] [--follow] [--json]",
		Description: `The last logins and joins that the daemon refused or could not decide, the oldest first, each with the
lines of usher token explain: ✓ passed, ✗ failed, – not checked because of a line above. 1,000 decisions are kept, in
memory; where there are more, those of the kind go first of which there are most. --all shows those that were allowed,
too. ID is what stands behind login in the log: one for a login and for all that rests on it.

--account takes a JID in any spelling, a localpart, or what the token calls its user. With --json there is one object a
line, and none if there is nothing. The exit code is 1 if there is nothing to show, 3 if the daemon could not be reached.

Example:

   $ usher refusals --account alice@meet.example.com --since 10m
   $ usher refusals --follow --short`,
		Flags: []cli.Flag{
			cmdline.ConfigFlag(),
			&cli.StringFlag{Name: "account", Usage: "only of this `ACCOUNT`"},
			&cli.StringFlag{Name: "room", Usage: "only about this `ROOM`"},
			&cli.StringFlag{Name: "door", Usage: "only of this `DOOR`, as the log has it: dovecot, gateway …"},
			&cli.StringFlag{Name: "reason", Usage: "only for this `REASON`, as the log has it: expired, room_mismatch …"},
			&cli.StringFlag{Name: "login", Usage: "only of the login with this `ID`"},
			&cli.StringFlag{Name: "since", Usage: "only since then: a `DURATION` such as 10m, or a time"},
			&cli.IntFlag{Name: "last", Value: usualLast, Usage: "no more than so many, the last ones; 0: all (`N`)"},
			&cli.BoolFlag{Name: "all", Usage: "also those that were allowed"},
			&cli.BoolFlag{Name: "short", Usage: "one line each"},
			&cli.BoolFlag{Name: "follow", Usage: "go on with each new one"},
			cmdline.JSONFlag("one JSON object a line"),
		},
		Action: run,
	}
}

func run(c *cli.Context) error {
	if err := cmdline.NoArgs(c); err != nil {
		return err
	}
	if c.Int("last") < 0 {
		return cmdline.Exit(2, "refusals: --last: a number below 0; see usher refusals --help")
	}
	show := printerOf(c)
	if c.Bool("follow") {
		return cmdline.Follow(c, admin.DecisionsPath+"?"+queryOf(c, true), show)
	}
	var list []admin.Decision
	if err := cmdline.Ask(c, "GET", admin.DecisionsPath+"?"+queryOf(c, false), &list); err != nil {
		return err
	}
	for _, d := range list {
		if err := show(d); err != nil {
			return err
		}
	}
	switch {
	case len(list) > 0:
		return nil
	case c.Bool("json"):
		return cmdline.Exit(1, "")
	case c.Bool("all"):
		return cmdline.Exit(1, "no such decision is kept")
	}
	return cmdline.Exit(1, "no such refusal is kept; --all also shows who was let in")
}

// printerOf prints decisions as it is wanted.
func printerOf(c *cli.Context) func(admin.Decision) error {
	out := c.App.Writer
	switch {
	case c.Bool("json"):
		return func(d admin.Decision) error { return cmdline.WriteJSON(out, d) }
	case c.Bool("short"):
		out = cmdline.Prose(out)
		return func(d admin.Decision) error { return write(out, headOf(d)) }
	}
	out = cmdline.Prose(out)
	return func(d admin.Decision) error { return write(out, textOf(d)) }
}

func write(out io.Writer, text string) error {
	_, err := fmt.Fprintln(out, text)
	return err
}

// queryOf is what is asked of the daemon.
func queryOf(c *cli.Context, follow bool) string {
	q := url.Values{}
	for _, name := range []string{"account", "room", "door", "reason", "login", "since"} {
		if v := c.String(name); v != "" {
			q.Set(name, v)
		}
	}
	q.Set("last", strconv.Itoa(c.Int("last")))
	q.Set("all", strconv.FormatBool(c.Bool("all")))
	q.Set("follow", strconv.FormatBool(follow))
	return q.Encode()
}
