package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"usher/moderation"
)

// sessionsCommand is usher sessions.
func sessionsCommand() *cli.Command {
	return &cli.Command{
		Name:        "sessions",
		Usage:       "list who logged in with a token, or end somebody's sessions",
		UsageText:   "usher sessions list|revoke [OPTIONS]",
		Description: "Example:\n\n   $ usher sessions list\n   $ usher sessions revoke alice@meet.example.com",
		Subcommands: []*cli.Command{
			{
				Name:      "list",
				Usage:     "list the sessions that have not ended, the latest login first",
				UsageText: "usher sessions list [--config FILE] [--json]",
				Description: `A session is an account and a token that it logged in with. The exit code is 3 if the
daemon could not be reached.

Example:

   $ usher sessions list
   ACCOUNT                 ROOMS    MODERATOR  LOGGED IN  EXPIRES  IN
   alice@meet.example.com  standup  yes        5m ago     in 55m   standup@conference.meet.example.com`,
				Flags:  []cli.Flag{configFlag(), &cli.BoolFlag{Name: "json", Usage: "print one JSON array"}},
				Action: sessionsList,
			},
			{
				Name:      "revoke",
				Usage:     "end every session of an account",
				UsageText: "usher sessions revoke [--config FILE] [--json] ACCOUNT",
				Description: `ACCOUNT is a bare JID, or its first part for the account of that name on every host. What
usher gave it in rooms is taken back, it is removed from them, and nobody can log in
with its tokens any more. The exit code is 1 if there is no such session. A name without a
host that begins with - goes behind --.

Example:

   $ usher sessions revoke alice@meet.example.com
   revoked alice@meet.example.com: 1 session, 1 token
     leaves standup@conference.meet.example.com`,
				Flags:  []cli.Flag{configFlag(), &cli.BoolFlag{Name: "json", Usage: "print one JSON object"}},
				Action: sessionsRevoke,
			},
		},
		Action: func(*cli.Context) error {
			return exitError{2, "sessions: which? list or revoke; see usher sessions --help"}
		},
	}
}

func sessionsList(c *cli.Context) error {
	if err := noArgs(c); err != nil {
		return err
	}
	var list []moderation.Session
	if err := callAdmin(c.Context, adminSocket(c.String("config")), "GET", "/sessions", &list); err != nil {
		return err
	}
	if c.Bool("json") {
		return json.NewEncoder(c.App.Writer).Encode(list)
	}
	return printSessions(c.App.Writer, list, time.Now())
}

func printSessions(w io.Writer, list []moderation.Session, now time.Time) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "there are no sessions")
		return err
	}
	table := newTable(w, "ACCOUNT\tROOMS\tMODERATOR\tLOGGED IN\tEXPIRES\tIN")
	for _, s := range list {
		rooms, moderator, in := "every", "no", "-"
		if s.Rooms != nil {
			rooms = clip(strings.Join(s.Rooms, " "))
		}
		if s.Regex {
			rooms += " (regex)"
		}
		if s.Moderator {
			moderator = "yes"
		}
		if len(s.InRooms) > 0 {
			in = clip(strings.Join(s.InRooms, " "))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s ago\t%s\t%s\n", printable(clip(s.Account)), printable(rooms), moderator,
			shortDuration(now.Sub(s.LoggedIn).Round(time.Second)), until(s.Expires, now), printable(in))
	}
	return table.Flush()
}

func until(t, now time.Time) string {
	if t.IsZero() || t.Sub(now) > 366*24*time.Hour {
		return "when unused"
	}
	return "in " + shortDuration(t.Sub(now).Round(time.Second))
}

func sessionsRevoke(c *cli.Context) error {
	if c.NArg() != 1 || c.Args().First() == "" {
		return exitError{2, "sessions revoke: give one account"}
	}
	account := c.Args().First()
	var answer revokeAnswer
	path := "/sessions/revoke?account=" + url.QueryEscape(account)
	if err := callAdmin(c.Context, adminSocket(c.String("config")), "POST", path, &answer); err != nil {
		return err
	}
	switch {
	case c.Bool("json"):
		if err := json.NewEncoder(c.App.Writer).Encode(answer); err != nil {
			return err
		}
	case answer.Sessions > 0:
		printRevoked(c.App.Writer, answer)
	}
	switch {
	case answer.Unknown:
		return exitError{1, fmt.Sprintf("there is no session of %q; usher sessions list shows all", clip(account))}
	case answer.Problem != "":
		return exitError{1, answer.Problem}
	}
	return nil
}

func printRevoked(w io.Writer, a revokeAnswer) {
	fmt.Fprintf(w, "revoked %s: %s, %s\n", printable(strings.Join(a.Accounts, ", ")), plural(a.Sessions, "session"), plural(a.Tokens, "token"))
	for _, room := range a.Rooms {
		fmt.Fprintln(w, "  leaves "+printable(room))
	}
	if len(a.Rooms) > 0 && !a.Component {
		fmt.Fprintln(w, "  there is no component, so nobody is removed from a room; see usher prosody")
	}
	if a.Shared > 0 {
		fmt.Fprintf(w, "%s of other accounts with the same token: they stay, and can be revoked by their names\n", plural(a.Shared, "session"))
	}
}
