package sessions

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
	"usher/internal/admin"
	"usher/internal/text"
)

// target reads whose tokens a command means.
func target(c *cli.Context, command string) (q url.Values, err error) {
	q = url.Values{}
	accounts := c.Args().Slice()
	n := len(accounts)
	for _, name := range []string{"user", "token"} {
		if c.String(name) != "" {
			n++
		}
	}
	if n != 1 || len(accounts) == 1 && accounts[0] == "" {
		return nil, cmdline.Exit(2, fmt.Sprintf("sessions %s: give one account, or --user ID, or --token THUMBPRINT",
			command))
	}
	if len(accounts) == 1 {
		q.Set("account", accounts[0])
	}
	for _, name := range []string{"user", "token", "host", "issuer"} {
		if c.String(name) != "" {
			q.Set(name, c.String(name))
		}
	}
	return q, nil
}

func sessionsRevoke(c *cli.Context) error {
	q, err := target(c, "revoke")
	if err != nil {
		return err
	}
	q.Set("all", fmt.Sprint(c.Bool("all")))
	method, dry := "POST", c.Bool("dry-run")
	if dry {
		method = "GET"
	}
	var answer admin.RevokeAnswer
	if err := cmdline.Ask(c, method, "/sessions/revoke?"+q.Encode(), &answer); err != nil {
		return err
	}
	answer.Shared = answer.Shared && !c.Bool("all")
	switch {
	case c.Bool("json"):
		if err := cmdline.WriteJSON(c.App.Writer, answer); err != nil {
			return err
		}
	case dry && !answer.Unknown && answer.Problem == "":
		printPreview(cmdline.Prose(c.App.Writer), answer)
	case !answer.At.IsZero():
		printRevoked(cmdline.Prose(c.App.Writer), answer)
	}
	switch {
	case answer.Unknown:
		return cmdline.Exit(1, fmt.Sprintf("there is no session of %q (usher sessions list shows all), so its "+
			"tokens are not known; give --user ID, the user's ID in those tokens", text.Clip(q.Get("account"))))
	case answer.Shared:
		return cmdline.Exit(1, fmt.Sprintf("nothing was done: the token is shared, %s of %s would end; add --all to "+
			"end them all and to keep the token out",
			text.Plural(answer.Sessions, "session"), text.Plural(answer.Persons, "account")))
	case answer.Problem != "":
		return cmdline.Exit(1, answer.Problem)
	}
	return nil
}

// printPreview says what a revocation would do.
func printPreview(w io.Writer, a admin.RevokeAnswer) {
	for _, user := range a.Users {
		fmt.Fprintf(w, "would revoke %s: the tokens issued until now\n", text.Printable(user))
	}
	for _, token := range a.Tokens {
		fmt.Fprintf(w, "would revoke the token %s\n", text.Printable(token))
	}
	fmt.Fprintf(w, "%s would end%s\n", text.Plural(a.Sessions, "session"), colon(fewOf(a.Accounts)))
	if len(a.Names) > 0 {
		fmt.Fprintln(w, "  called "+fewOf(a.Names))
	}
	for _, room := range a.Rooms {
		fmt.Fprintln(w, "  would leave "+text.Printable(room))
	}
}

func colon(list string) string {
	if list == "" {
		return ""
	}
	return ": " + list
}

func printRevoked(w io.Writer, a admin.RevokeAnswer) {
	for _, user := range a.Users {
		fmt.Fprintf(w, "revoked %s: tokens issued until %s, and tokens.leeway after it, are dead\n",
			text.Printable(user), a.At.UTC().Format(time.RFC3339))
	}
	for _, token := range a.Tokens {
		fmt.Fprintf(w, "revoked the token %s\n", text.Printable(token))
	}
	switch {
	case a.Sessions == 0:
		fmt.Fprintln(w, "no session ends: there was none")
	case a.Sessions == 1:
		fmt.Fprintln(w, "1 session ends: "+fewOf(a.Accounts))
	default:
		fmt.Fprintf(w, "%d sessions end: %s\n", a.Sessions, fewOf(a.Accounts))
	}
	for _, room := range a.Rooms {
		fmt.Fprintln(w, "  leaves "+text.Printable(room))
	}
	if len(a.Rooms) > 0 && !a.Component {
		fmt.Fprintln(w, "  there is no component, so nobody is removed from a room; see usher prosody")
	}
	if a.NoIssuedAt {
		fmt.Fprintln(w, "the tokens have no plausible iat, so new ones cannot be told from old ones: they are "+
			"refused too, until usher sessions allow")
	}
	cmdline.PrintReach(w, a.Cluster)
}

// fewOf writes the first of a list, and how many more there are.
func fewOf(list []string) string {
	const most = 10
	names := text.Printable(strings.Join(list[:min(len(list), most)], ", "))
	if len(list) > most {
		names += " " + text.AndMore(len(list)-most)
	}
	return names
}

func sessionsAllow(c *cli.Context) error {
	q, err := target(c, "allow")
	if err != nil {
		return err
	}
	var answer admin.AllowAnswer
	if err := cmdline.Ask(c, "POST", "/sessions/allow?"+q.Encode(), &answer); err != nil {
		return err
	}
	switch {
	case c.Bool("json"):
		if err := cmdline.WriteJSON(c.App.Writer, answer); err != nil {
			return err
		}
	default:
		for _, user := range answer.Users {
			fmt.Fprintln(c.App.Writer, "allowed again: "+text.Printable(user))
		}
		for _, token := range answer.Tokens {
			fmt.Fprintln(c.App.Writer, "allowed again: the token "+text.Printable(token))
		}
		cmdline.PrintReach(c.App.Writer, answer.Cluster)
	}
	switch {
	case answer.Unknown:
		return cmdline.Exit(1, "nothing of this is revoked; usher sessions list --revoked shows all")
	case answer.Problem != "":
		return cmdline.Exit(1, answer.Problem)
	}
	return nil
}
