// Package lobby is the command usher lobby: who waits in lobbies, and who passes them.
package lobby

import (
	"fmt"
	"net/url"
	"time"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
	"usher/internal/admin"
	"usher/internal/text"
)

// Command is usher lobby.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "lobby",
		Usage:     "see who waits in lobbies, let them in, and keep the whitelist",
		UsageText: "usher lobby list|allow|remove|export|import|knocks|admit|deny [OPTIONS]",
		Description: `Changes are in force at once, in running rooms too, and survive a restart. Options may stand
anywhere; a JID may begin with -, a room's name that does goes behind --.

Example:

   $ usher lobby allow --room 'board-*' --ttl 8h alice@meet.example.com
   $ usher lobby knocks
   $ usher lobby admit standup 5b3c8e@guest.meet.example.com`,
		Subcommands: append(whitelistCommands(), waitingCommands()...),
	}
}

// lobbySubcommand is one of usher lobby; args are what stands behind its name.
func lobbySubcommand(name, usage, args, description string, action cli.ActionFunc, flags ...cli.Flag) *cli.Command {
	return &cli.Command{
		Name: name, Usage: usage, UsageText: "usher lobby " + name + " [--config FILE] " + args,
		Description: description, Flags: append([]cli.Flag{cmdline.ConfigFlag()}, flags...), Action: action,
	}
}

// whitelistCommands are about who passes every lobby.
func whitelistCommands() []*cli.Command {
	room := &cli.StringFlag{Name: "room",
		Usage: "`ROOM`s it is for: a name, in which * stands for any text, or name@component; without it all"}
	change := cmdline.JSONFlag("one JSON object")
	user := &cli.StringFlag{Name: "user",
		Usage: "the user by the `ID` in the user's tokens (the claim of tokens.account), whatever the account"}
	return []*cli.Command{
		lobbySubcommand("list", "list the whitelist", "[--json]", `Example:

   $ usher lobby list
   alice@meet.example.com
     rooms board-*; until in 8h; note audit
   recorder@recorder.meet.example.com
     rooms *@conference.meet.example.com; note (configuration)`, lobbyList, cmdline.JSONFlag("JSON")),
		lobbySubcommand("allow", "put an account, or everybody of a host, on the whitelist",
			"[--room ROOM] [--ttl D] [--note TEXT] [--json] JID | --user ID",
			`Before a relay accounts are random: --user is for whom the tokens call ID.

Example:

   $ usher lobby allow --room 'board-*' --ttl 8h --note audit \
       alice@meet.example.com`, lobbyAllow, room, user, change,
			&cli.DurationFlag{Name: "ttl", Usage: "how `LONG` it holds, such as 8h; without it for good"},
			&cli.StringFlag{Name: "note", Usage: "a `TEXT` for the list: why"}),
		lobbySubcommand("remove", "take an entry off the whitelist", "[--room ROOM] [--json] JID | --user ID",
			`JID and ROOM as usher lobby list shows them. Who is in a room stays there.

Example:

   $ usher lobby remove --room 'board-*' alice@meet.example.com`, lobbyRemove, room, user, change),
		lobbySubcommand("export", "print the whitelist as text, to be kept in git", "[--all]",
			`One entry a line: the JID, room= and until= if there are any, and a note after #. Those of the configuration
are left out, unless --all is given.

Example:

   $ usher lobby export > whitelist.txt`, lobbyExport,
			&cli.BoolFlag{Name: "all", Usage: "those of the configuration, too"}),
		lobbySubcommand("import", "put what export prints on the whitelist", "[--replace] [--json] FILE|-",
			`Nothing is changed if a line cannot be read.

Example:

   $ usher lobby import --replace whitelist.txt`, lobbyImport,
			&cli.BoolFlag{Name: "replace", Usage: "take off what is not in the file"},
			change),
	}
}

// waitingCommands are about who waits.
func waitingCommands() []*cli.Command {
	id := &cli.StringFlag{Name: "id", Usage: "the wait with this `ID`, whoever's it is"}
	change := cmdline.JSONFlag("one JSON object")
	return []*cli.Command{
		lobbySubcommand("knocks", "list who waits", "[--json]", `Example:

   $ usher lobby knocks
   standup@conference.meet.example.com
     jid 5b3c8e@guest.meet.example.com; name Bob; since 2m ago;
     tries 3; id 8c1f0a2b6d7e9305`, lobbyKnocks, cmdline.JSONFlag("JSON")),
		lobbySubcommand("admit", "admit an account that waits", "[--json] ROOM JID | --id ID ROOM",
			`The account gets an invitation, and passes the lobby of the room for the next 24 hours. With --id
it is about one wait, as usher lobby knocks lists it: if somebody has decided about that, nothing is changed.

Example:

   $ usher lobby admit standup 5b3c8e@guest.meet.example.com
   $ usher lobby admit --id 8c1f0a2b6d7e9305 standup`, lobbyDecide(true), id, change),
		lobbySubcommand("deny", "refuse an account that waits", "[--json] ROOM JID | --id ID ROOM",
			`The account is refused for the next 24 hours, unless it is admitted later. If it is in the room, it stays there.
With --id it is about one wait, as usher lobby knocks lists it.

Example:

   $ usher lobby deny standup 5b3c8e@guest.meet.example.com`, lobbyDecide(false), id, change),
	}
}

func lobbyList(c *cli.Context) error {
	if err := cmdline.NoArgs(c); err != nil {
		return err
	}
	var list []admin.Listed
	if err := cmdline.Ask(c, "GET", "/lobby", &list); err != nil {
		return err
	}
	if c.Bool("json") {
		return cmdline.WriteJSON(c.App.Writer, list)
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(c.App.Writer, "the whitelist is empty")
		return err
	}
	table := cmdline.NewTable(c.App.Writer, "JID\tROOMS\tUNTIL\tNOTE")
	for _, e := range list {
		rooms, end, note := "*", "-", e.Note
		if e.Room != "" {
			rooms = e.Room
		}
		if !e.Until.IsZero() {
			end = cmdline.Until(e.Until, time.Now())
		}
		if e.Fixed {
			note += " (configuration)"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", text.Printable(text.Clip(e.JID)), text.Printable(text.Clip(rooms)), end,
			text.Printable(note))
	}
	return table.Flush()
}

func lobbyKnocks(c *cli.Context) error {
	if err := cmdline.NoArgs(c); err != nil {
		return err
	}
	var list []admin.Knock
	if err := cmdline.Ask(c, "GET", "/lobby/knocks", &list); err != nil {
		return err
	}
	if c.Bool("json") {
		return cmdline.WriteJSON(c.App.Writer, list)
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(c.App.Writer, "nobody waits")
		return err
	}
	table := cmdline.NewTable(c.App.Writer, "ROOM\tJID\tNAME\tSINCE\tTRIES\tID")
	for _, k := range list {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s ago\t%d\t%s\n", text.Printable(text.Clip(k.Room)),
			text.Printable(text.Clip(k.JID)), text.Printable(k.Name),
			text.Duration(max(0, time.Since(k.First).Round(time.Second))), k.Count, k.ID)
	}
	return table.Flush()
}

func lobbyAllow(c *cli.Context) error {
	q := url.Values{"room": {c.String("room")}, "note": {c.String("note")}}
	if c.IsSet("ttl") {
		q.Set("ttl", c.Duration("ttl").String())
	}
	return lobbyEntry(c, "/lobby/allow", q, "allowed")
}

func lobbyRemove(c *cli.Context) error {
	return lobbyEntry(c, "/lobby/remove", url.Values{"room": {c.String("room")}}, "removed")
}
