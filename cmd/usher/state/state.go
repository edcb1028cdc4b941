// Package state is the command usher state: is the state on the disk whole, and how does an older usher get it.
package state

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
	"usher/internal/config"
	"usher/internal/sqlite"
	"usher/internal/text"
)

// Command is usher state.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "state",
		Usage:     "examine the state on the disk, or write it as an older usher has it",
		UsageText: "usher state COMMAND [OPTIONS]",
		Subcommands: []*cli.Command{
			{
				Name:      "check",
				Usage:     "look for damage in the file of the state and in its journal, and change nothing",
				UsageText: "usher state check [--config FILE] [--json]",
				Description: `Says what there is, and what to do about damage. The exit code is 1 if there is any.
A daemon may be running.

Example:

   $ usher state check
   /var/lib/usher/usher.db: schema 4, 1.2 MiB; 3120 sessions, …
   /var/lib/usher/usher.db.journal: 1 segment; it was closed
   ok`,
				Flags:  []cli.Flag{cmdline.ConfigFlag(), cmdline.JSONFlag("one JSON object")},
				Action: stateCheck,
			},
			{
				Name:      "export",
				Usage:     "write the state to a new file that an older usher opens, while no daemon runs",
				UsageText: "usher state export [--config FILE] [--schema N] [--json] FILE",
				Description: `An older usher refuses the file of a newer one. Stop usher, export, move usher.db,
usher.db-wal, usher.db-shm and the folder usher.db.journal away, and then the new file
into the place of usher.db. What the older one cannot know is named. Schema 3 is that of
the last version without a journal.

Example:

   $ usher state export --schema 3 /var/lib/usher/old.db
   /var/lib/usher/old.db: schema 3, 3120 sessions, 2 revocations`,
				Flags: []cli.Flag{cmdline.ConfigFlag(), &cli.IntFlag{Name: "schema", Value: sqlite.Newest,
					Usage: "the `NUMBER` of what the older usher writes"}, cmdline.JSONFlag("one JSON object")},
				Action: stateExport,
			},
		},
	}
}

// statePath is where the configuration has the state.
func statePath(c *cli.Context) (string, error) {
	conf, problems := config.Load(c.String("config"))
	if conf == nil {
		for _, p := range problems {
			fmt.Fprintln(cmdline.Prose(c.App.ErrWriter), p)
		}
		return "", cmdline.Exit(1, "the configuration has to be mended first: it says where the state is")
	}
	if conf.State.Path == "" {
		return "", cmdline.Exit(1, "the state is in memory (state: memory:): there is no file")
	}
	return conf.State.Path, nil
}

func stateCheck(c *cli.Context) error {
	if err := cmdline.NoArgs(c); err != nil {
		return err
	}
	path, err := statePath(c)
	if err != nil {
		return err
	}
	r, err := sqlite.Check(c.Context, path)
	if errors.Is(err, fs.ErrNotExist) {
		return cmdline.Exit(1, path+" is not there: usher has not run yet, or state: names another file")
	}
	if err != nil {
		return cmdline.Exit(1, err.Error())
	}
	if c.Bool("json") {
		err = cmdline.WriteJSON(c.App.Writer, foundOf(path, r))
	} else {
		printReport(cmdline.Prose(c.App.Writer), path, r)
	}
	if err != nil {
		return err
	}
	if len(r.Problems) > 0 {
		return cmdline.Exit(1, "")
	}
	return nil
}

// What usher state check --json prints.
type found struct {
	Path     string         `json:"path"`
	OK       bool           `json:"ok"`
	Schema   int            `json:"schema"`
	Bytes    int64          `json:"bytes"`
	Running  bool           `json:"running"` // a daemon has it
	Rows     map[string]int `json:"rows"`    // by table
	Journal  foundJournal   `json:"journal"`
	Problems []string       `json:"problems"`
}

type foundJournal struct {
	Segments int    `json:"segments"`
	Records  int    `json:"records"` // that the file does not have yet
	Bytes    int64  `json:"bytes"`   // of these
	Closed   bool   `json:"closed"`
	Warning  string `json:"warning,omitempty"`
}

func foundOf(path string, r sqlite.Report) found {
	f := found{Path: path, OK: len(r.Problems) == 0, Schema: r.Schema, Bytes: r.Bytes, Running: r.Running,
		Rows: map[string]int{}, Problems: append([]string{}, r.Problems...)}
	for _, n := range r.Counts {
		f.Rows[n.Table] = n.Rows
	}
	f.Journal = foundJournal{Segments: r.Journal.Segments, Records: r.Journal.Records, Bytes: r.Journal.Bytes,
		Closed: r.Journal.Clean, Warning: r.Journal.Warning}
	return f
}

func printReport(w io.Writer, path string, r sqlite.Report) {
	var counts []string
	for _, n := range r.Counts {
		counts = append(counts, fmt.Sprintf("%d %s", n.Rows, strings.ReplaceAll(n.Table, "_", " ")))
	}
	fmt.Fprintf(w, "%s: schema %d, %s; %s\n", path, r.Schema, text.Bytes(r.Bytes), strings.Join(counts, ", "))
	if len(r.Problems) == 0 {
		fmt.Fprintf(w, "%s.journal: %s\n", path, describeJournal(r))
	}
	if r.Journal.Warning != "" {
		fmt.Fprintln(w, "warning: "+text.Printable(r.Journal.Warning))
	}
	for _, p := range r.Problems {
		fmt.Fprintln(w, "problem: "+text.Printable(p))
	}
	if len(r.Problems) == 0 {
		fmt.Fprintln(w, "ok")
	}
}

func describeJournal(r sqlite.Report) string {
	s := text.Plural(r.Journal.Segments, "segment")
	if n := r.Journal.Records; n > 0 {
		s += fmt.Sprintf("; %s (%s) that the file does not have yet", text.Plural(n, "record"), text.Bytes(r.Journal.Bytes))
	}
	switch {
	case r.Running:
		return s + "; a daemon has it"
	case r.Journal.Clean:
		return s + "; it was closed"
	}
	return s + "; the daemon was killed: its next start goes on from here"
}

// What usher state export --json prints.
type exported struct {
	Path        string   `json:"path"`
	Schema      int      `json:"schema"`
	Sessions    int      `json:"sessions"`
	Revocations int      `json:"revocations"`
	Left        []string `json:"left"` // what is not in the file, and what that means
}

func stateExport(c *cli.Context) error {
	if c.NArg() != 1 {
		return cmdline.Exit(2, "name one new file; see usher state export --help")
	}
	path, err := statePath(c)
	if err != nil {
		return err
	}
	to, schema := c.Args().First(), c.Int("schema")
	e, err := sqlite.Export(c.Context, path, schema, to)
	if errors.Is(err, fs.ErrExist) {
		return cmdline.Exit(1, to+" is there already: name a new file")
	}
	if err != nil {
		return cmdline.Exit(1, err.Error())
	}
	if c.Bool("json") {
		return cmdline.WriteJSON(c.App.Writer, exported{to, schema, e.Sessions, e.Revocations, append([]string{}, e.Left...)})
	}
	fmt.Fprintf(c.App.Writer, "%s: schema %d, %s, %s\n", to, schema, text.Plural(e.Sessions, "session"),
		text.Plural(e.Revocations, "revocation"))
	for _, left := range e.Left {
		fmt.Fprintln(cmdline.Prose(c.App.ErrWriter), "warning: not in it: "+left)
	}
	return nil
}
