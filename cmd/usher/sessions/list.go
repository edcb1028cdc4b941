package sessions

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
	"usher/internal/admin"
	"usher/internal/text"
)

func sessionsList(c *cli.Context) error {
	if err := cmdline.NoArgs(c); err != nil {
		return err
	}
	f, err := filterOf(c)
	if err != nil {
		return err
	}
	if c.Bool("revoked") {
		return sessionsRevoked(c, f)
	}
	var list []admin.Session
	if err := cmdline.Ask(c, "GET", "/sessions", &list); err != nil {
		return err
	}
	all := len(list)
	list = slices.DeleteFunc(list, func(s admin.Session) bool { return !f.takes(s) })
	if c.Bool("json") {
		return cmdline.WriteJSON(c.App.Writer, list)
	}
	if len(list) == 0 && all > 0 {
		_, err := fmt.Fprintf(c.App.Writer, "there are no such sessions, of %d in all\n", all)
		return err
	}
	return printSessions(c.App.Writer, list, time.Now())
}

func printSessions(w io.Writer, list []admin.Session, now time.Time) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "there are no sessions")
		return err
	}
	table := cmdline.NewTable(w, "ACCOUNT\tUSER\tROOMS\tMODERATOR\tLOGGED IN\tEXPIRES\tIN\tTOKEN")
	for _, s := range list {
		rooms, moderator, in := "every", "no", "-"
		if s.Rooms != nil {
			rooms = text.Clip(strings.Join(s.Rooms, " "))
		}
		if s.Regex {
			rooms += " (regex)"
		}
		if s.Moderator {
			moderator = "yes"
		}
		if len(s.InRooms) > 0 {
			in = text.Clip(strings.Join(s.InRooms, " "))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s ago\t%s\t%s\t%s\n", text.Printable(text.Clip(s.Account)),
			person(s), text.Printable(rooms), moderator,
			text.Duration(now.Sub(s.LoggedIn).Round(time.Second)), cmdline.Until(s.Expires, now),
			text.Printable(in), cmp.Or(s.Token, "-"))
	}
	return table.Flush()
}

// person is who is behind an account: what the token calls its user, and the name that it has for
// people.
func person(s admin.Session) string {
	who := cmp.Or(text.Printable(text.Clip(s.User)), text.Printable(text.Clip(s.DisplayID)), "-")
	if s.DisplayName == "" || s.DisplayName == s.User {
		return who
	}
	return who + " (" + text.Printable(text.Clip(s.DisplayName)) + ")"
}

func sessionsRevoked(c *cli.Context, f filter) error {
	var list []admin.Revoked
	if err := cmdline.Ask(c, "GET", "/sessions/revoked", &list); err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(v admin.Revoked) bool {
		return f.host != "" && v.Host != "" && v.Host != f.host
	})
	if c.Bool("json") {
		return cmdline.WriteJSON(c.App.Writer, list)
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(c.App.Writer, "nobody is revoked")
		return err
	}
	table := cmdline.NewTable(c.App.Writer, "USER\tISSUER\tHOST\tISSUED UNTIL\tENDS\tTOKEN")
	for _, v := range list {
		ends := "when allowed"
		if !v.Until.IsZero() {
			ends = cmdline.Until(v.Until, time.Now())
		}
		or := func(s string) string { return cmp.Or(text.Printable(text.Clip(s)), "-") }
		who := or(v.User)
		if v.User == "" && v.Token != "" {
			who = "(one token)"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", who, or(v.Issuer), or(v.Host),
			v.At.UTC().Format(time.RFC3339), ends, or(v.Token))
	}
	return table.Flush()
}
