package main

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
	w := &watcher{}
	w.expect([]string{link, missing}, nil, time.Now().Add(time.Hour))
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
		if first, second := w.changed(), w.changed(); first || second {
			t.Errorf("before %q: a change without one", step.name)
		}
		step.change()
		if w.changed() {
			t.Errorf("%s: acted on at the first look", step.name)
		}
		if !w.changed() {
			t.Errorf("%s: not seen", step.name)
		}
	}
}

func TestWatcherMissesNothingDuringALoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	os.WriteFile(file, []byte("1"), 0o600)
	before := look([]string{file})
	os.WriteFile(file, []byte("22"), 0o600)
	w := &watcher{}
	w.expect([]string{file}, before, time.Now())
	if w.changed(); !w.changed() {
		t.Error("a change during the load was lost")
	}
	w.expect([]string{file}, nil, time.Now().Add(-time.Minute))
	if w.changed(); !w.changed() {
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
		w := &watcher{}
		w.expect([]string{file}, look([]string{file}), row.began)
		if w.changed(); w.changed() != row.again {
			t.Errorf("%s: read again: %v", row.name, !row.again)
		}
	}
	synctest.Test(t, func(t *testing.T) { // the clock says 2000
		w := &watcher{}
		w.expect([]string{file}, look([]string{file}), time.Now())
		if w.changed(); w.changed() {
			t.Error("a stamp later than now: read again for ever")
		}
	})
}
