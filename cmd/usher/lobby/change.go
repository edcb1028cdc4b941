package lobby

import (
	"cmp"
	"fmt"
	"io"
	"net/url"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
	"usher/internal/admin"
	"usher/internal/text"
)

func lobbyEntry(c *cli.Context, path string, q url.Values, done string) error {
	who := c.String("user")
	switch {
	case who != "" && c.NArg() == 0:
		q.Set("user", who)
	case who == "" && c.NArg() == 1 && c.Args().First() != "":
		who = c.Args().First()
		q.Set("jid", who)
	default:
		return cmdline.Exit(2, "lobby "+c.Command.Name+": give one JID, or a host, or --user ID")
	}
	return changeLobby(c, path, q, func(admin.LobbyAnswer) string {
		return fmt.Sprintf("%s %s", done, text.Printable(text.Clip(who)))
	})
}

func lobbyDecide(admit bool) cli.ActionFunc {
	return func(c *cli.Context) error {
		q := url.Values{"room": {c.Args().Get(0)}, "admit": {fmt.Sprint(admit)}}
		switch id := c.String("id"); {
		case id == "" && c.NArg() == 2:
			q.Set("jid", c.Args().Get(1))
		case id != "" && c.NArg() == 1:
			q.Set("id", id)
		default:
			return cmdline.Exit(2, "lobby "+c.Command.Name+": give a room and a JID, or --id ID and a room")
		}
		done := "denied"
		if admit {
			done = "admitted"
		}
		return changeLobby(c, "/lobby/decide", q, func(a admin.LobbyAnswer) string {
			return fmt.Sprintf("%s %s to %s", done, text.Printable(text.Clip(cmp.Or(a.JID, q.Get("jid")))),
				text.Printable(text.Clip(a.Room)))
		})
	}
}

// changeLobby does one change, and prints what the daemon answers or what is said of it. What is wrong with it is exit
// code 1.
func changeLobby(c *cli.Context, path string, q url.Values, said func(admin.LobbyAnswer) string) error {
	answer, err := askToChange(c, path, q, nil)
	if err != nil {
		return err
	}
	if !c.Bool("json") {
		_, err := fmt.Fprintln(c.App.Writer, said(answer))
		return err
	}
	if err := cmdline.WriteJSON(c.App.Writer, answer); err != nil || answer.Problem == "" {
		return err
	}
	return cmdline.Exit(1, "")
}

// askToChange does one change. For people a problem is an error here, and a warning is printed; for a program both are
// in the answer.
func askToChange(c *cli.Context, path string, q url.Values, body io.Reader) (answer admin.LobbyAnswer, err error) {
	if err := cmdline.AskWith(c, "POST", path+"?"+q.Encode(), body, &answer); err != nil || c.Bool("json") {
		return answer, err
	}
	if answer.Problem != "" {
		return answer, cmdline.Exit(1, answer.Problem)
	}
	if answer.Warning != "" {
		fmt.Fprintln(cmdline.Prose(c.App.ErrWriter), "warning: "+answer.Warning)
	}
	cmdline.PrintReach(c.App.ErrWriter, answer.Cluster)
	return answer, nil
}
