package main

import (
	"os"
	"path/filepath"
	"testing"
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
