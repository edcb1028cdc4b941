package token

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"usher/cmd/usher/cmdline"
	"usher/internal/admin"
	"usher/internal/explain"

	"github.com/urfave/cli/v2"
)

// maxExplainLine bounds what is kept of a line of standard input, in bytes.
// What is longer is no token, and is refused for its length.
const maxExplainLine = 16 << 20

// explainCommand is usher token explain.
func explainCommand() *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "show every check of a token, and why it fails",
		UsageText: "usher token explain [--host HOST] [--user NAME] [--room JID] [--json] TOKEN|-",
		Description: `Runs the checks that a login runs, all of them: ✓ passed, ✗ failed, – not checked because of a
line above. The exit code is 0 if the token would be let in, 1 if not.

A whole link, "Bearer …" or quotes around the token are left out, and the line "input" says so; a
link's room is asked about too. What was revoked is asked of the daemon, if it runs.
For a host with a relay, the lines → have the claims of the inner token that its Prosody would be given, and
what of the token is left out of it, and why.
"-" reads one token a line from standard input, where no other user of the machine sees it. With
--json each of these lines is taken exactly as it stands.

Example:

   $ usher token explain --host meet.example.com eyJhbGciOi…
   ✓ issuer      my-app
   ✗ time        expired: exp was 2026-11-24T10:00:00Z, now is …
   refused: expired: The token has expired. Ask for a new link or token.
   $ usher token explain - < link.txt`,
		Flags: []cli.Flag{
			cmdline.ConfigFlag(),
			&cli.StringFlag{Name: "host", Usage: "the virtual `HOST` to log in to; the only one by default"},
			&cli.StringFlag{Name: "user", Usage: "the `NAME` that the client gives itself"},
			&cli.StringFlag{Name: "room", Usage: "the `JID` of a room to join, or its first part"},
			cmdline.JSONFlag("one JSON object a token"),
		},
		Action: explainAction,
	}
}

func explainAction(c *cli.Context) error {
	switch {
	case c.NArg() > 1 && !strings.Contains(c.Args().First(), "."): // as Bearer, or Authorization:
		return cmdline.Exit(2,
			"token explain: put quotes around what belongs together: usher token explain \"Bearer …\"")
	case c.NArg() != 1:
		return cmdline.Exit(2, "token explain: give one token, or - to read tokens from standard input")
	}
	loaded, err := cmdline.MustLoad(c)
	if err != nil {
		return err
	}
	daemon := &admin.Memory{Socket: loaded.Listen.Admin.Name}
	examiner, err := explain.New(c.Context, loaded.Auth, loaded.Rooms, daemon.Revoked)
	if err != nil {
		return err
	}
	defer examiner.Close()
	e := explainer{examiner: examiner, host: c.String("host"), user: c.String("user"), room: c.String("room"),
		json: c.Bool("json"), out: c.App.Writer}
	if token := c.Args().First(); token != "-" {
		return e.result(e.explain(c.Context, token, false))
	}
	return e.lines(c.Context, c.App.Reader)
}

// An explainer prints reports.
type explainer struct {
	examiner   *explain.Explainer
	host, user string
	room       string // empty: that of the link, if there is one
	json       bool
	out        io.Writer
}

// lines explains each line of in. One refused token makes the exit code 1.
func (e explainer) lines(ctx context.Context, in io.Reader) error {
	lines := bufio.NewReader(in)
	all := true
	for {
		line, err := readLine(lines)
		if err != nil && err != io.EOF {
			return fmt.Errorf("reading tokens: %w", err)
		}
		if line != "" {
			allowed, fault := e.explain(ctx, line, e.json)
			if fault != nil {
				return fault
			}
			all = all && allowed
		}
		if err == io.EOF {
			return e.result(all, nil)
		}
	}
}

// readLine returns a line without its end, and no more of it than
// maxExplainLine. Nothing else is taken away: a space is part of a token that
// nobody would let in.
func readLine(r *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part[:min(len(part), maxExplainLine-len(line))]...)
		if err != bufio.ErrBufferFull {
			return strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r"), err
		}
	}
}

func (e explainer) result(allowed bool, err error) error {
	if err == nil && !allowed {
		return cmdline.Exit(1, "")
	}
	return err
}

// explain takes lines for scripts as they stand, and others as people paste them.
func (e explainer) explain(ctx context.Context, pasted string, verbatim bool) (allowed bool, err error) {
	r := e.examiner.Explain(ctx, explain.Question{Text: pasted, Verbatim: verbatim, Host: e.host, User: e.user,
		Room: e.room})
	if e.json {
		return r.Allowed, cmdline.WriteJSON(e.out, r)
	}
	_, err = io.WriteString(cmdline.Prose(e.out), explain.Text(r))
	return r.Allowed, err
}
