// Package check is the command usher check: what is wrong with the configuration, and how is it mended.
package check

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
	"usher/internal/admin"
	"usher/internal/config"
	"usher/internal/daemon/online"
	"usher/internal/preflight"
	"usher/internal/text"
)

// Command is usher check.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "tell every problem of the configuration, and how to mend it",
		UsageText: "usher check [--config FILE] [--user USER] [--files-only | --online] [--json]",
		Description: `Reads the configuration and every file that it names, as usher serve would, and
prints all problems at once, each with line and column: also folders of the state
and of the sockets that usher may not write to, ports that are in use, and what the
units of systemd have otherwise. The exit code is 1 if there is any; warnings do not
count.

Run as root it judges with the rights of the daemon's user: that of usher.service,
or usher, if there is such a user. With --online it also asks Prosody, behind the
gateway and for components, the providers of the sign-in, and the Redis of a
cluster.

Example:

   $ usher check --config /etc/usher/usher.yaml
   /etc/usher/usher.yaml:3:5: error: unknown key "isuers" in host
   "meet.example.com" — did you mean "issuers"? …
   1 problem`,
		Flags: []cli.Flag{cmdline.ConfigFlag(),
			&cli.StringFlag{Name: "user", EnvVars: []string{"USHER_CHECK_USER"},
				Usage: "the `USER` whose rights count: a name or a number"},
			&cli.BoolFlag{Name: "files-only",
				Usage: "look at the configuration and its files alone, as for another machine"},
			&cli.BoolFlag{Name: "online", Usage: "also ask Prosody, the providers of the sign-in, and the cluster's Redis"},
			cmdline.JSONFlag("one JSON object")},
		Action: action,
	}
}

func action(c *cli.Context) error {
	if c.NArg() > 0 {
		return cmdline.Exit(2, fmt.Sprintf("unexpected argument %q; name the file with --config", c.Args().First()))
	}
	if c.Bool("files-only") && c.Bool("online") {
		return cmdline.Exit(2, "check: choose one of --files-only and --online")
	}
	who, err := judge(c)
	if err != nil || who.other {
		return runAs(c, who, err)
	}
	path := c.String("config")
	loaded, problems := find(c.Context, path, c.Bool("files-only"), c.Bool("online"))
	r := resultOf(path, who.name, loaded, problems)
	if c.Bool("json") {
		if err := cmdline.WriteJSON(c.App.Writer, r); err != nil {
			return err
		}
	} else {
		r.print(cmdline.Prose(c.App.Writer), problems)
	}
	if !r.OK {
		return cmdline.Exit(1, "")
	}
	return nil
}

// lookWithin bounds the questions of --online.
const lookWithin = 15 * time.Second

// find returns what was read, or nil, and all problems.
func find(ctx context.Context, path string, filesOnly, askServers bool) (*config.Config, config.Problems) {
	c, problems := config.Load(path)
	if c == nil || filesOnly {
		return c, problems
	}
	problems = append(problems, preflight.Look(c, path, "/", listeners(ctx, c))...)
	if askServers {
		ctx, cancel := context.WithTimeout(ctx, lookWithin)
		defer cancel()
		problems = append(problems, preflight.Ask(ctx, c, path)...)
		problems = append(problems, online.Look(ctx, c, path)...)
	}
	return c, problems
}

// askWithin bounds the question to a daemon that may run.
const askWithin = time.Second

// listeners are the addresses of the daemon that runs beside the configuration, by name: those ports are in use by
// right. It is nil if there is none, or if it does not say.
func listeners(ctx context.Context, c *config.Config) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	var s admin.Status
	if admin.Call(ctx, c.Listen.Admin.Name, "GET", "/status", nil, &s) != nil {
		return nil
	}
	return s.Listeners
}

// A result is what usher check --json prints.
type result struct {
	File     string    `json:"file"`
	User     string    `json:"user,omitempty"` // whose rights counted, if that was said
	OK       bool      `json:"ok"`
	Errors   int       `json:"errors"`
	Warnings int       `json:"warnings"`
	Summary  string    `json:"summary,omitempty"` // of a good configuration: 1 host, 1 issuer, 1 key
	Problems []problem `json:"problems"`
}

type problem struct {
	File     string `json:"file"`
	Line     int    `json:"line"`   // from 1
	Column   int    `json:"column"` // from 1
	Severity string `json:"severity"`
	Text     string `json:"text"`
	Mend     string `json:"mend"`
}

func resultOf(path, user string, c *config.Config, problems config.Problems) result {
	n := problems.Errors()
	r := result{File: path, User: user, OK: n == 0, Errors: n, Warnings: len(problems) - n, Problems: []problem{}}
	if c != nil && r.OK {
		r.Summary = c.Summary()
	}
	for _, p := range problems {
		severity := "error"
		if p.Warning {
			severity = "warning"
		}
		r.Problems = append(r.Problems, problem{p.File, p.Line, p.Column, severity, p.Text, p.Mend})
	}
	return r
}

func (r result) print(w io.Writer, problems config.Problems) {
	for _, p := range problems {
		fmt.Fprintln(w, p)
	}
	as := ""
	if r.User != "" {
		as = ", for the user " + r.User
	}
	if r.OK {
		fmt.Fprintf(w, "%s: ok: %s%s\n", r.File, r.Summary, as)
		return
	}
	fmt.Fprintln(w, text.Plural(r.Errors, "problem")+as)
}
