// Package setup is the command usher setup: what must change so that usher stands in front of a Prosody that runs.
package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
	"usher/internal/config"
	"usher/internal/setup"
	"usher/internal/setup/apply"
	"usher/internal/setup/disk"
	"usher/internal/setup/hunks"
)

// Command is usher setup.
func Command() *cli.Command {
	return &cli.Command{
		Name:        "setup",
		Usage:       "put usher in front of a Prosody that runs already",
		UsageText:   "usher setup jitsi [--write | --undo]",
		Description: "Example:\n\n   $ usher setup jitsi\n   $ usher setup jitsi --write",
		Subcommands: []*cli.Command{setupJitsiCommand()},
	}
}

func setupJitsiCommand() *cli.Command {
	return &cli.Command{
		Name:  "jitsi",
		Usage: "read Jitsi's files and print what would change; --write changes it, --undo takes it back",
		UsageText: "usher setup jitsi [--host HOST] [--write | --undo] [--root DIR] [--json]\n" +
			"   usher setup jitsi --docker [--host HOST] [--write] [--json]",
		Description: `Reads the files of Prosody, nginx and jicofo as Debian's packages of Jitsi leave
them, and prints the changes that put usher in front, as a diff without secrets.
--write makes them: it keeps copies, has prosodyctl and nginx check their files,
and restarts usher, Prosody, jicofo and nginx. A file that is not written as it
is expected stays as it is, and the lines for it are printed.

Example:

   $ usher setup jitsi
   $ usher setup jitsi --write
   $ usher setup jitsi --undo`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "host", Usage: "the `HOST` of the meetings, where Prosody has several"},
			&cli.StringFlag{Name: "app-id", Usage: "the tokens' issuer (its `ID`), where Jitsi has no tokens yet; my-app by default"},
			&cli.BoolFlag{Name: "hs256", Usage: "sign inner tokens with a shared secret instead of a key"},
			&cli.BoolFlag{Name: "write", Usage: "make the changes"},
			&cli.BoolFlag{Name: "undo", Usage: "take the changes back"},
			&cli.StringFlag{Name: "root", Value: "/", Usage: "the `DIR` that stands for the machine; no program is run there"},
			&cli.BoolFlag{Name: "docker", Usage: "for docker-jitsi-meet: print its files, or --write them into this folder"},
			cmdline.JSONFlag("one JSON object, and what --write does meanwhile on standard error"),
		},
		Action: setupJitsiAction,
	}
}

func setupJitsiAction(c *cli.Context) error {
	if err := cmdline.NoArgs(c); err != nil {
		return err
	}
	if c.Bool("write") && c.Bool("undo") || c.Bool("docker") && c.Bool("undo") {
		return cmdline.Exit(2, "setup jitsi: choose one of --write and --undo; --docker knows no --undo")
	}
	if c.Bool("json") && c.Bool("undo") {
		return cmdline.Exit(2, "setup jitsi: --undo has no --json")
	}
	if c.Bool("docker") {
		return setupDocker(c)
	}
	tree, err := disk.Open(c.String("root"))
	if err != nil {
		return fmt.Errorf("setup jitsi: %w", err)
	}
	defer tree.Close()
	w := &apply.Writer{Tree: tree, Out: cmdline.Progress(c), Now: time.Now}
	if c.String("root") == "/" {
		w.Machine = thisMachine{}
	}
	if c.Bool("undo") {
		return w.Undo(c.Context)
	}
	var fresh setup.Fresh = setup.Later{}
	if c.Bool("write") {
		fresh = setup.Random{}
	}
	plan, err := setup.Make(c.Context, treeFiles{tree}, fresh,
		setup.Options{Host: c.String("host"), AppID: c.String("app-id"), HS256: c.Bool("hs256")})
	if err != nil {
		return fmt.Errorf("setup jitsi: %w", err)
	}
	return carryOut(c, w, plan)
}

// carryOut shows a plan, and with --write brings it into force.
func carryOut(c *cli.Context, w *apply.Writer, plan *setup.Plan) error {
	lacks := w.Lacks()
	if c.Bool("write") || len(plan.Changes) == 0 {
		lacks = nil // Write says it
	}
	if !c.Bool("json") {
		showPlan(c.App.Writer, plan, c.Bool("write"))
		if lacks != nil {
			fmt.Fprintf(c.App.Writer, "Before that: %v\n", lacks)
		}
	}
	if c.Bool("write") {
		if err := w.Write(c.Context, plan); err != nil {
			return fmt.Errorf("setup jitsi: %w", err)
		}
	}
	if c.Bool("json") {
		if err := cmdline.WriteJSON(c.App.Writer, plannedOf(plan, lacks, c.Bool("write"))); err != nil {
			return err
		}
	}
	if plan.Blocked() {
		return cmdline.Exit(1, "setup jitsi: some lines are left to you, see above; then run it again")
	}
	return nil
}

// showPlan prints a plan: diffs, lines for a person, notes, and what comes next.
func showPlan(w io.Writer, p *setup.Plan, write bool) {
	fmt.Fprintf(w, "Jitsi's host is %s.\n", p.Host)
	for _, c := range p.Changes {
		switch {
		case c.Hidden && !c.Made:
			fmt.Fprintf(w, "\n%s, which the package made, gets what Prosody has; its content is secret.\n", c.Path)
		case c.Hidden:
			fmt.Fprintf(w, "\n%s is new; its content is secret.\n", c.Path)
		default:
			fmt.Fprint(w, "\n", hunks.Unified(c.Path, c.Old, c.New, p.Secrets))
		}
	}
	for _, h := range p.ByHand {
		fmt.Fprintf(w, "\nBy hand, %s: %s.\n", h.Where, h.Why)
		for _, line := range h.Lines {
			fmt.Fprintf(w, "    %s\n", hunks.Mask(line, p.Secrets))
		}
	}
	fmt.Fprintln(w)
	for _, note := range p.Notes {
		fmt.Fprintf(w, "Note: %s\n", note)
	}
	switch {
	case len(p.Changes) == 0 && len(p.ByHand) == 0:
		fmt.Fprintln(w, "Nothing is to be changed.")
	case p.Blocked():
		fmt.Fprintln(w, "Until the lines that are left to you are there, none of Jitsi's files is changed.")
	case !write && len(p.Changes) > 0:
		fmt.Fprintln(w, "Nothing has been changed. usher setup jitsi --write makes these changes, and runs:")
		for _, command := range apply.Commands(p) {
			fmt.Fprintf(w, "    %s\n", command)
		}
	}
}

// treeFiles has a plan read a tree.
type treeFiles struct{ tree *disk.Tree }

// Read returns a file.
func (f treeFiles) Read(name string) (setup.File, bool, error) {
	file, found, err := f.tree.Read(name)
	return setup.File(file), found, err
}

// List returns the names in a folder.
func (f treeFiles) List(folder string) []string { return f.tree.List(folder) }

// thisMachine runs programs here.
type thisMachine struct{}

// Run runs a program.
func (thisMachine) Run(ctx context.Context, name string, args ...string) (string, error) {
	said, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	return string(said), err
}

// Check reads usher's configuration.
func (thisMachine) Check() error {
	c, problems := config.Load(setup.ConfigFile)
	if c != nil {
		return nil
	}
	var all error
	for _, p := range problems {
		all = errors.Join(all, errors.New(fmt.Sprint(p)))
	}
	return all
}
