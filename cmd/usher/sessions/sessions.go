// Package sessions is the command usher sessions: who logged in with a token, and who is to be kept out.
package sessions

import (
	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
)

// Command is usher sessions.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "sessions",
		Usage:     "list who logged in with a token, keep tokens out, or let them in again",
		UsageText: "usher sessions list|revoke|allow [OPTIONS]",
		Description: "Example:\n\n   $ usher sessions list\n   $ usher sessions revoke alice@meet.example.com\n   $ " +
			"usher sessions allow alice@meet.example.com",
		Subcommands: []*cli.Command{sessionsListCommand(), sessionsRevokeCommand(), sessionsAllowCommand()},
	}
}

func sessionsListCommand() *cli.Command {
	return &cli.Command{
		Name:      "list",
		Usage:     "list the sessions that have not ended, the latest login first, or who is revoked",
		UsageText: "usher sessions list [--config FILE] [--account A] [--host H] [--room R] [--revoked] [--json]",
		Description: `A session is an account and a token that it logged in with. USER is what the token calls
its user (tokens.account), with the name for people behind it if there is one, TOKEN its
thumbprint; revoke and allow take both. The exit code is 3 if the daemon could not be
reached.

Example:

   $ usher sessions list
   alice@meet.example.com
     user Alice; rooms standup; moderator yes; logged in 5m ago;
     expires in 55m; in standup@conference.meet.example.com;
     token 9f86d081884c7d659a2feaa0c55ad015
   $ usher sessions list --room standup`,
		Flags: []cli.Flag{cmdline.ConfigFlag(),
			&cli.StringFlag{Name: "account",
				Usage: "only of this `ACCOUNT`: a bare JID, or its first part; * stands for any text"},
			&cli.StringFlag{Name: "host", Usage: "only of this virtual `HOST`"},
			&cli.StringFlag{Name: "room",
				Usage: "only who is in this `ROOM` now: its JID, or its first part; * stands for any text"},
			&cli.BoolFlag{Name: "revoked", Usage: "list whose tokens are kept out instead"},
			cmdline.JSONFlag("one JSON array")},
		Action: sessionsList,
	}
}

// targetFlags say whose tokens are meant.
func targetFlags(more ...cli.Flag) []cli.Flag {
	return append([]cli.Flag{cmdline.ConfigFlag(),
		&cli.StringFlag{Name: "user",
			Usage: "the user by the `ID` in the user's tokens (the claim of tokens.account), with or without a session"},
		&cli.StringFlag{Name: "token", Usage: "one token, by its `THUMBPRINT`"},
		&cli.StringFlag{Name: "host", Usage: "with --user: on this `HOST` only"},
		&cli.StringFlag{Name: "issuer", Usage: "with --user: of this `ISSUER` only"},
	}, more...)
}

func sessionsRevokeCommand() *cli.Command {
	return &cli.Command{
		Name:  "revoke",
		Usage: "end the sessions of a user, and refuse every token that was issued to the user until now",
		UsageText: "usher sessions revoke [--config FILE] [--json] [--all] [--dry-run] ACCOUNT | --user ID\n" +
			"   | --token THUMBPRINT",
		Description: `ACCOUNT is a bare JID, or its first part for the account of that name on every host; from
it usher goes to the user whom its tokens name, or to the token if that names nobody.
What usher gave in rooms is taken back, the accounts are removed from them, and no token
of the user that was issued until now logs in any more, also after a restart: by its iat,
and if it has none, at all. It is so until usher sessions allow, or, with max_lifetime,
until no such token can be alive. A token that is issued later is good, if later by
more than tokens.leeway (10s): clocks differ.

A token that names nobody and is behind several accounts (a shared link) is revoked only
with --all: it may be that of many people. With --dry-run nothing is done, and it is said
what would be. The exit code is 1 if nothing was done, or could be. A name
without a host that begins with - goes behind --.

Example:

   $ usher sessions revoke alice@meet.example.com
   revoked Alice of my-app at meet.example.com: tokens issued until
   2026-11-27T10:00:00Z, and tokens.leeway after it, are dead
   1 session ends: alice@meet.example.com
     leaves standup@conference.meet.example.com`,
		Flags: targetFlags(&cli.BoolFlag{Name: "all", Usage: "also if several people share the token"},
			&cli.BoolFlag{Name: "dry-run", Usage: "do nothing, and say what would be done"},
			cmdline.JSONFlag("one JSON object")),
		Action: sessionsRevoke,
	}
}

func sessionsAllowCommand() *cli.Command {
	return &cli.Command{
		Name:      "allow",
		Usage:     "lift revocations: the tokens that are not over log in again",
		UsageText: "usher sessions allow [--config FILE] [--json] ACCOUNT | --user ID | --token THUMBPRINT",
		Description: `It takes what usher sessions revoke took; usher sessions list --revoked shows all. The exit
code is 1 if nothing of this is revoked.

Example:

   $ usher sessions allow --user Alice
   allowed again: Alice of my-app at meet.example.com`,
		Flags:  targetFlags(cmdline.JSONFlag("one JSON object")),
		Action: sessionsAllow,
	}
}
