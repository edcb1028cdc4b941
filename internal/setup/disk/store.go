package disk

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	stateFolder = "/var/lib/usher"
	storeName   = "setup"
)

// A Saved file is one that a run changed or made.
type Saved struct {
	Path string `json:"path"`
	Was  string `json:"was"`
	Now  string `json:"now"`
	Made bool   `json:"made"`
	Of   string `json:"of"` // the program whose it is
}

// A Run is what was changed at once.
type Run struct {
	Number int       `json:"-"`
	Time   time.Time `json:"time"`
	Host   string    `json:"host"`
	Files  []Saved   `json:"files"`
}

// A Store keeps runs in a folder that only its owner can enter: they hold secrets.
type Store struct {
	dir *os.Root
}

// Store opens the folder; make makes it. Without it there is no store.
func (t *Tree) Store(usher Owner, make bool) (*Store, error) {
	if make {
		// systemd gives everything below a StateDirectory away if the folder itself is not its user's.
		if err := t.Folder(stateFolder, usher, 0o700); err != nil {
			return nil, err
		}
	}
	name, err := t.resolve(stateFolder)
	if err != nil {
		return nil, err
	}
	above, err := t.root.OpenRoot(relative(name))
	if err != nil {
		return nil, err
	}
	defer above.Close()
	if make {
		if err := above.Mkdir(storeName, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	dir, err := above.OpenRoot(storeName)
	if err != nil {
		return nil, err
	}
	if err := ownFolder(dir); err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return &Store{dir}, nil
}

// ownFolder refuses a folder that others can write to: the folder above is the daemon's. The open folder is looked at,
// as the name may lead elsewhere a moment later.
func ownFolder(dir *os.Root) error {
	info, err := dir.Stat(".")
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || info.Mode().Perm() != 0o700 || int(stat.Uid) != os.Geteuid() {
		return fmt.Errorf("%s/%s has to be a folder of mode 0700 that belongs to who runs this: what is kept there "+
			"decides what is written back", stateFolder, storeName)
	}
	return nil
}

// Close closes the folder.
func (s *Store) Close() error { return s.dir.Close() }

// Save keeps a run, with a copy of each file that was changed for people to look at, before anything is changed.
func (s *Store) Save(r Run) (Run, error) {
	runs, err := s.Runs()
	if err != nil {
		return r, err
	}
	r.Number = 1
	if len(runs) > 0 {
		r.Number = runs[len(runs)-1].Number + 1
	}
	for _, f := range r.Files {
		if f.Made {
			continue
		}
		copied := fmt.Sprintf("%d%s", r.Number, strings.ReplaceAll(f.Path, "/", "_"))
		if err := s.put(copied, f.Was); err != nil {
			return r, err
		}
	}
	text, err := json.Marshal(r)
	if err != nil {
		return r, err
	}
	return r, s.put(strconv.Itoa(r.Number)+".json", string(text))
}

func (s *Store) put(name, text string) error {
	temporary, err := write(s.dir, name, text, Owner{os.Geteuid(), os.Getegid()}, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(s.dir.Rename(temporary, name), syncFolder(s.dir))
}

// Runs returns what is kept, the oldest first.
func (s *Store) Runs() ([]Run, error) {
	entries, err := fs.ReadDir(s.dir.FS(), ".")
	if err != nil {
		return nil, err
	}
	var runs []Run
	for _, e := range entries {
		number, isRun := strings.CutSuffix(e.Name(), ".json")
		n, err := strconv.Atoi(number)
		if !isRun || err != nil {
			continue
		}
		text, err := s.dir.ReadFile(e.Name())
		if err != nil {
			return nil, err
		}
		r := Run{}
		if err := json.Unmarshal(text, &r); err != nil {
			return nil, fmt.Errorf("%s: %w", path.Join(stateFolder, storeName, e.Name()), err)
		}
		r.Number = n
		runs = append(runs, r)
	}
	slices.SortFunc(runs, func(a, b Run) int { return a.Number - b.Number })
	return runs, nil
}

// Forget takes a run and its copies away.
func (s *Store) Forget(r Run) error {
	err := s.dir.Remove(strconv.Itoa(r.Number) + ".json")
	for _, f := range r.Files {
		if !f.Made {
			err = errors.Join(err, s.dir.Remove(fmt.Sprintf("%d%s", r.Number, strings.ReplaceAll(f.Path, "/", "_"))))
		}
	}
	return errors.Join(err, syncFolder(s.dir))
}
