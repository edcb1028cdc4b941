package watch

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func TestWatcher(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(dir, "link")
	swap := func(to string) {
		os.Symlink(to, link+".new")
		os.Rename(link+".new", link)
	}
	write("a", "1")
	write("b", "2")
	swap("a")
	missing := filepath.Join(dir, "missing")
	w := &Watcher{}
	w.Expect([]string{link, missing}, nil, time.Now().Add(time.Hour))
	for _, step := range []struct {
		name   string
		change func()
	}{
		{"written in place", func() { write("a", "longer") }},
		{"symlink swapped", func() { swap("b") }},
		{"replaced behind the symlink", func() { write("c", "3"); os.Rename(filepath.Join(dir, "c"), filepath.Join(dir, "b")) }},
		{"a missing file appears", func() { write("missing", "") }},
		{"a file goes", func() { os.Remove(missing) }},
	} {
		if first, second := w.Changed(), w.Changed(); first || second {
			t.Errorf("before %q: a change without one", step.name)
		}
		step.change()
		if w.Changed() {
			t.Errorf("%s: acted on at the first look", step.name)
		}
		if !w.Changed() {
			t.Errorf("%s: not seen", step.name)
		}
	}
}

// TestWatcherOfABusyFile: a secret that goes is seen also while another file is written all the time.
func TestWatcherOfABusyFile(t *testing.T) {
	busy, secret := filepath.Join(t.TempDir(), "busy"), filepath.Join(t.TempDir(), "secret")
	for _, f := range []string{busy, secret} {
		os.WriteFile(f, nil, 0o600)
	}
	w := &Watcher{}
	w.Expect([]string{busy, secret}, nil, time.Now().Add(time.Hour))
	os.Remove(secret)
	for range mostLooks {
		os.WriteFile(busy+".new", nil, 0o600)
		os.Rename(busy+".new", busy)
		if w.Changed() {
			t.Fatal("acted on while a file is being written")
		}
	}
	os.Remove(busy)
	if !w.Changed() {
		t.Error("not seen")
	}
}

func TestWatcherMissesNothingDuringALoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	os.WriteFile(file, []byte("1"), 0o600)
	before := Look([]string{file})
	os.WriteFile(file, []byte("22"), 0o600)
	w := &Watcher{}
	w.Expect([]string{file}, before, time.Now())
	if w.Changed(); !w.Changed() {
		t.Error("a change during the load was lost")
	}
	w.Expect([]string{file}, nil, time.Now().Add(-time.Minute))
	if w.Changed(); !w.Changed() {
		t.Error("a change since the start of the first load was lost")
	}
}

// TestWatcherReadsFreshFilesAgain: a file that was written in the moment before it was read may be written once more
// with the same stamp and length. One from before is left alone, and so is one whose stamp is later than the clock says.
func TestWatcherReadsFreshFilesAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	os.WriteFile(file, []byte("1"), 0o600)
	for _, row := range []struct {
		name  string
		began time.Time
		again bool
	}{
		{"fresh", time.Now(), true},
		{"from before", time.Now().Add(time.Minute), false},
	} {
		w := &Watcher{}
		w.Expect([]string{file}, Look([]string{file}), row.began)
		if w.Changed(); w.Changed() != row.again {
			t.Errorf("%s: read again: %v", row.name, !row.again)
		}
	}
	synctest.Test(t, func(t *testing.T) { // the clock says 2000
		w := &Watcher{}
		w.Expect([]string{file}, Look([]string{file}), time.Now())
		if w.Changed(); w.Changed() {
			t.Error("a stamp later than now: read again for ever")
		}
	})
}
