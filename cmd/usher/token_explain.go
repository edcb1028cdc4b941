package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"usher/auth"
)

// maxExplainLine bounds a line of standard input; a token of any accepted
// size fits.
const maxExplainLine = 1 << 20

// explainCommand is usher token explain.
func explainCommand() *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "show every check of a token, and why it fails",
		UsageText: "usher token explain [--host HOST] [--user NAME] [--room JID] [--json] TOKEN|-",
		Description: `Runs the checks that a login runs, all of them. The exit code is 0 if the token
would be let in, 1 if not. "-" reads one token a line from standard input.

Example:

   $ usher token explain --host meet.example.com eyJhbGciOi…
   ✓ issuer      my-app
   ✗ time        expired: exp was 2026-11-24T10:00:00Z, now is 2026-11-24T11:30:00Z, leeway 10s
   refused: expired: The token has expired.`,
		Flags: []cli.Flag{
			configFlag(),
			&cli.StringFlag{Name: "host", Usage: "the virtual `HOST` to log in to; the only one by default"},
			&cli.StringFlag{Name: "user", Usage: "the `NAME` that the client gives itself"},
			&cli.StringFlag{Name: "room", Usage: "the `JID` of a room to join, or its first part"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object a token"},
		},
		Action: explainAction,
	}
}

func explainAction(c *cli.Context) error {
	if c.NArg() != 1 {
		return exitError{2, "token explain: give one token, or - to read tokens from standard input"}
	}
	loaded, err := mustLoad(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(c.Context)
	defer cancel()
	examiner, err := newExaminer(ctx, loaded)
	if err != nil {
		return err
	}
	e := explainer{examiner: examiner, host: c.String("host"), user: c.String("user"), room: c.String("room"), json: c.Bool("json"), out: c.App.Writer}
	if e.rooms, err = newRoomExaminer(loaded, e.room); err != nil {
		return err
	}
	if token := c.Args().First(); token != "-" {
		return e.result(e.explain(token))
	}
	return e.lines(c.App.Reader)
}

// An explainer prints reports.
type explainer struct {
	examiner   *examiner
	rooms      *roomExaminer
	host, user string
	room       string // empty: no room is asked about
	json       bool
	out        io.Writer
}

// lines explains each line of in. One refused token makes the exit code 1.
func (e explainer) lines(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxExplainLine)
	all := true
	for lines.Scan() {
		token := bytes.TrimSpace(lines.Bytes())
		if len(token) == 0 {
			continue
		}
		allowed, err := e.explain(string(token))
		if err != nil {
			return err
		}
		all = all && allowed
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading tokens: %w", err)
	}
	return e.result(all, nil)
}

func (e explainer) result(allowed bool, err error) error {
	if err == nil && !allowed {
		return exitError{code: 1}
	}
	return err
}

func (e explainer) explain(token string) (allowed bool, err error) {
	r := e.examiner.explain(auth.Credentials{Door: "explain", Host: e.host, Name: e.user, Token: token})
	if e.room != "" {
		e.rooms.explain(&r)
	}
	if e.json {
		return r.Allowed, json.NewEncoder(e.out).Encode(r)
	}
	_, err = io.WriteString(e.out, reportText(r))
	return r.Allowed, err
}

func reportText(r auth.Report) string {
	var b strings.Builder
	for _, line := range r.Checks {
		mark := "✗"
		if line.OK {
			mark = "✓"
		}
		fmt.Fprintf(&b, "%s %-11s %s\n", mark, line.Name, printable(line.Detail))
	}
	switch {
	case !r.Allowed && r.Reason.ClientText() == "": // the room's reason
		fmt.Fprintf(&b, "refused: %s\n", r.Reason)
	case !r.Allowed:
		fmt.Fprintf(&b, "refused: %s: %s\n", r.Reason, r.Reason.ClientText())
	case r.Affiliation != "" && r.Account == "":
		fmt.Fprintf(&b, "allowed, with a random account, as %s\n", r.Affiliation)
	case r.Affiliation != "":
		fmt.Fprintf(&b, "allowed as %s, and as %s\n", r.Account, r.Affiliation)
	case r.Account == "":
		b.WriteString("allowed, with a random account\n")
	default:
		fmt.Fprintf(&b, "allowed as %s\n", r.Account)
	}
	return b.String()
}
