package apply

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"usher/internal/setup"
	"usher/internal/setup/disk"
	"usher/internal/setup/hunks"
)

// ErrOther says that files are no longer what was written, and that nothing was taken back.
var ErrOther = errors.New("nothing was taken back: other lines stand where these were written; take them back by " +
	"hand: the files as they were are in /var/lib/usher/setup")

// A step gives one file back what it had.
type step struct {
	disk.Saved
	path, now string // where it really is, and its text
	then      string
}

// Undo takes back what Write did, the last run first. Where lines are no longer what was written, nothing at all is
// changed.
func (w *Writer) Undo(ctx context.Context) error {
	store, err := w.Tree.Store(disk.Owner{}, false)
	if errors.Is(err, fs.ErrNotExist) {
		w.say("There is nothing to take back.")
		return nil
	}
	if err != nil {
		return err
	}
	defer store.Close()
	runs, err := store.Runs()
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		w.say("There is nothing to take back.")
		return nil
	}
	steps, err := w.steps(runs)
	if err == nil {
		steps, err = w.keepOwn(steps, runs)
	}
	if err != nil {
		return err
	}
	if err := w.takeBack(steps); err != nil {
		return err
	}
	for _, r := range slices.Backward(runs) {
		if err := store.Forget(r); err != nil {
			return err
		}
	}
	return w.runAll(ctx, undoCommands(runs, steps))
}

// steps plans what every file is given back.
func (w *Writer) steps(runs []disk.Run) ([]*step, error) {
	var list []*step
	other := false
	for _, r := range slices.Backward(runs) {
		for _, f := range slices.Backward(r.Files) {
			s, ok, err := w.step(list, f)
			if err != nil {
				return nil, err
			}
			if !ok {
				other = true
				w.say("%s has other lines. What was changed there, to be taken back:\n%s", f.Path,
					hunks.Unified(f.Path, f.Now, f.Was, secretsOf(runs)))
			}
			if s != nil {
				list = append(list, s)
			}
		}
	}
	if other {
		return nil, ErrOther
	}
	return list, nil
}

// keepOwn leaves all of usher's own files where they are if one of them has been changed since: the configuration that
// stays names the keys and secrets, and with them it goes on when setup is run again. Of a file that two runs wrote,
// the later one tells what it has to be.
func (w *Writer) keepOwn(steps []*step, runs []disk.Run) ([]*step, error) {
	seen := map[string]bool{}
	for _, r := range slices.Backward(runs) {
		for _, f := range r.Files {
			if !isOwn(f) || seen[f.Path] {
				continue
			}
			seen[f.Path] = true
			file, found, err := w.Tree.Read(f.Path)
			if err != nil {
				return nil, err
			}
			if found && file.Text != f.Now {
				w.say("%s has been changed since: it stays, and so do the keys and secrets beside it.", f.Path)
				return slices.DeleteFunc(steps, func(s *step) bool { return isOwn(s.Saved) }), nil
			}
		}
	}
	return steps, nil
}

// isOwn reports whether a file is usher's own.
func isOwn(f disk.Saved) bool { return setup.Part(f.Of) == setup.Usher }

// step plans one file; ok is false if its lines are others. A file of usher's own that has been changed since stays.
func (w *Writer) step(before []*step, f disk.Saved) (s *step, ok bool, err error) {
	for _, s := range before { // a later run changed it, too
		if s.Path == f.Path {
			if isOwn(f) && s.then != f.Now { // others wrote it between the two
				return nil, true, nil
			}
			s.then, ok = back(s.then, f)
			s.Made = f.Made
			return nil, ok, nil
		}
	}
	file, found, err := w.Tree.Read(f.Path)
	if err != nil {
		return nil, false, err
	}
	if isOwn(f) {
		if !found || file.Text != f.Now {
			return nil, true, nil
		}
		return &step{Saved: f, path: file.Path, now: file.Text, then: f.Was}, true, nil
	}
	if !found {
		return nil, false, nil
	}
	then, ok := back(file.Text, f)
	return &step{Saved: f, path: file.Path, now: file.Text, then: then}, ok, nil
}

// back is what a text was before a run.
func back(text string, f disk.Saved) (string, bool) {
	if text == f.Now {
		return f.Was, true
	}
	return hunks.Undo(text, hunks.Diff(f.Was, f.Now))
}

func (w *Writer) takeBack(steps []*step) error {
	for _, s := range steps {
		if s.Made {
			if err := w.Tree.Remove(s.path, s.now); err != nil {
				return err
			}
			w.say("took %s away", s.Path)
			continue
		}
		if err := w.Tree.Replace(s.path, s.now, s.then); err != nil {
			return err
		}
		w.say("gave %s back what it had", s.Path)
	}
	return nil
}

// undoCommands bring the old files into force. usher is stopped last: until nginx has read its file, browsers come
// there. Where it has the package's usher.yaml again, it goes on with that.
func undoCommands(runs []disk.Run, steps []*step) [][]string {
	parts := []setup.Part{}
	for _, r := range runs {
		for _, f := range r.Files {
			parts = append(parts, setup.Part(f.Of))
		}
	}
	list := slices.DeleteFunc(commands(parts), func(c []string) bool { return c[len(c)-1] == "usher" })
	goesOn := slices.ContainsFunc(steps, func(s *step) bool { return s.Path == setup.ConfigFile && !s.Made })
	switch {
	case goesOn:
		list = append(list, restartUsher())
	case slices.Contains(parts, setup.Usher):
		list = append(list, stopUsher())
	}
	return list
}

// secretsOf are the contents of usher's own files, which no diff may show.
func secretsOf(runs []disk.Run) []string {
	var list []string
	for _, r := range runs {
		for _, f := range r.Files {
			if isOwn(f) && !strings.HasSuffix(f.Path, ".yaml") {
				list = append(list, strings.TrimSuffix(f.Now, "\n"))
				if f.Was != "" {
					list = append(list, strings.TrimSuffix(f.Was, "\n"))
				}
			}
		}
	}
	return list
}
