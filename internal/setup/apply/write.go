package apply

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"time"

	"usher/internal/setup"
	"usher/internal/setup/disk"
)

// A Machine runs programs. Nil runs none: the files are those of a folder.
type Machine interface {
	// Run runs a program to its end; what it says is for a person.
	Run(ctx context.Context, name string, args ...string) (said string, err error)
	// Check reads usher's configuration as the daemon would.
	Check() error
}

// A Writer brings plans into force.
type Writer struct {
	Tree    *disk.Tree
	Machine Machine
	Out     io.Writer // what is done, line by line
	Now     func() time.Time
}

func (w *Writer) say(format string, args ...any) { fmt.Fprintf(w.Out, format+"\n", args...) }

// Write brings a plan into force. Where lines are left to a person that have to hold first, only what is usher's own is
// written.
func (w *Writer) Write(ctx context.Context, p *setup.Plan) error {
	owner, err := w.owner()
	if err != nil {
		return err
	}
	var own, theirs []setup.Change
	for _, c := range p.Changes {
		if c.Of == setup.Usher {
			own = append(own, c)
		} else if !p.Blocked() {
			theirs = append(theirs, c)
		}
	}
	if len(own)+len(theirs) == 0 {
		return nil
	}
	store, err := w.Tree.Store(owner.usher, true)
	if err != nil {
		return err
	}
	defer store.Close()
	run, err := store.Save(disk.Run{Time: w.Now().UTC(), Host: p.Host, Files: saved(own, theirs)})
	if err != nil {
		return fmt.Errorf("keeping copies: %w", err)
	}
	if err := w.inForce(ctx, own, theirs, owner); err != nil {
		err = errors.Join(err, w.giveBack(run.Files), store.Forget(run))
		if slices.ContainsFunc(own, replacesConfig) { // usher was there, and had the package's
			err = errors.Join(err, w.runAll(ctx, [][]string{restartUsher()}))
		}
		return err
	}
	w.say("The copies are in /var/lib/usher/setup; usher setup jitsi --undo gives them back.")
	return w.runAll(ctx, commands(parts(theirs)))
}

func parts(list []setup.Change) []setup.Part {
	var all []setup.Part
	for _, c := range list {
		all = append(all, c.Of)
	}
	return all
}

// owners are who usher's files belong to.
type owners struct{ usher, files disk.Owner }

// Lacks says what Write would miss on this machine, or nothing.
func (w *Writer) Lacks() error {
	_, err := w.owner()
	return err
}

// owner finds usher's user and group, which have to be there, with Prosody in the group.
func (w *Writer) owner() (owners, error) {
	usher, found := w.Tree.User("usher")
	gid, _, group := w.Tree.Group("usher")
	if !found || !group {
		return owners{}, errors.New("there is no user and group usher: adduser --system --group --no-create-home usher && adduser prosody usher")
	}
	if _, there := w.Tree.User("prosody"); there && !w.Tree.IsMember("prosody", "usher") {
		return owners{}, errors.New("the user prosody could not read its component's secret: adduser prosody usher")
	}
	return owners{usher, disk.Owner{UID: os.Geteuid(), GID: gid}}, nil
}

func saved(lists ...[]setup.Change) []disk.Saved {
	var files []disk.Saved
	for _, list := range lists {
		for _, c := range list {
			files = append(files, disk.Saved{Path: c.Path, Was: c.Old, Now: c.New, Made: c.Made, Of: string(c.Of)})
		}
	}
	return files
}

// inForce writes usher's files and starts it with them; then it replaces the others, and has them checked.
func (w *Writer) inForce(ctx context.Context, own, theirs []setup.Change, o owners) error {
	for _, c := range own {
		if err := w.Tree.Folder(path.Dir(c.Path), o.files, 0o750); err != nil {
			return err
		}
		if !c.Made {
			if err := w.replace([]setup.Change{c}); err != nil {
				return err
			}
			continue
		}
		if err := w.create(c, o.files); err != nil {
			return err
		}
	}
	if len(theirs) == 0 {
		return nil
	}
	if err := w.start(ctx); err != nil {
		return err
	}
	before := w.opinions(ctx)
	err := w.replace(theirs)
	if err == nil {
		err = w.tried(ctx, before)
	}
	if err != nil && len(own) > 0 && !slices.ContainsFunc(own, replacesConfig) {
		err = errors.Join(err, w.runAll(ctx, [][]string{stopUsher()}))
	}
	return err
}

// replacesConfig reports whether a change replaces the package's usher.yaml.
func replacesConfig(c setup.Change) bool { return c.Path == setup.ConfigFile && !c.Made }

// start has usher read its configuration, and then run with it, also where an earlier run wrote it.
func (w *Writer) start(ctx context.Context) error {
	if w.Machine != nil {
		if err := w.Machine.Check(); err != nil {
			return fmt.Errorf("usher does not take its configuration: %w", err)
		}
	}
	return w.runAll(ctx, commands([]setup.Part{setup.Usher}))
}

func (w *Writer) replace(list []setup.Change) error {
	for _, c := range list {
		if err := w.Tree.Replace(c.Path, c.Old, c.New); err != nil {
			return err
		}
		w.say("changed %s", c.Path)
	}
	return nil
}

func (w *Writer) create(c setup.Change, o disk.Owner) error {
	if err := w.Tree.Create(c.Path, c.New, o, 0o640); err != nil {
		return err
	}
	w.say("made %s", c.Path)
	return nil
}

// giveBack takes a run back that went wrong.
func (w *Writer) giveBack(files []disk.Saved) error {
	var all error
	for _, f := range files {
		now, found, err := w.Tree.Read(f.Path)
		switch {
		case err != nil:
			all = errors.Join(all, err)
		case !found || now.Text == f.Was && !f.Made:
		case f.Made:
			all = errors.Join(all, w.Tree.Remove(f.Path, f.Now))
		default:
			all = errors.Join(all, w.Tree.Replace(now.Path, f.Now, f.Was))
		}
	}
	if all == nil {
		w.say("Everything is as it was.")
	}
	return all
}
