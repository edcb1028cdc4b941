package main

import (
	"os"
	"path/filepath"
	"strings"
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

// TestWatcherOfABusyFile: a secret that goes is seen also while another file is written all the time.
func TestWatcherOfABusyFile(t *testing.T) {
	busy, secret := filepath.Join(t.TempDir(), "busy"), filepath.Join(t.TempDir(), "secret")
	for _, f := range []string{busy, secret} {
		os.WriteFile(f, nil, 0o600)
	}
	w := &watcher{}
	w.expect([]string{busy, secret}, nil, time.Now().Add(time.Hour))
	os.Remove(secret)
	for range mostLooks {
		os.WriteFile(busy+".new", nil, 0o600)
		os.Rename(busy+".new", busy)
		if w.changed() {
			t.Fatal("acted on while a file is being written")
		}
	}
	os.Remove(busy)
	if !w.changed() {
		t.Error("not seen")
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

// TestLinkSwappedDuringALoad: a file that this load is the first to name is reached by a link that leads elsewhere a
// moment after it was read, to a file that is older than all of this.
func TestLinkSwappedDuringALoad(t *testing.T) {
	w := newReloadWorld(t)
	link := filepath.Join(w.dir, "current")
	for name, secret := range map[string]string{"one": secretA, "two": secretB} {
		if err := os.Mkdir(filepath.Join(w.dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		putFile(t, filepath.Join(w.dir, name), "my.secret", secret, 0o600)
	}
	time.Sleep(50 * time.Millisecond) // more than the kernel's tick
	for name, text := range map[string]string{
		"good": strings.Replace(reloadA, "[a.secret", "[current/my.secret", 1),
		"bad":  strings.Replace(reloadA, "[a.secret], audience", "[current/my.secret], audienc", 1),
	} {
		_ = os.Remove(link)
		if err := os.Symlink("one", link); err != nil {
			t.Fatal(err)
		}
		w.write(text)
		time.Sleep(50 * time.Millisecond)
		w.reloader.read = func(path string) (*config, filesRead, []problem) {
			c, read, problems := readConfig(path)
			_ = os.Symlink("two", link+".new")
			_ = os.Rename(link+".new", link)
			return c, read, problems
		}
		if result := w.reloader.reload(t.Context(), triggerCommand); result.OK != (name == "good") {
			t.Fatal(name, result.Problems)
		}
		if w.reloader.watch.changed(); !w.reloader.watch.changed() {
			t.Errorf("%s: what the file is now is never read", name)
		}
		w.reloader.read = readConfig
		w.write(reloadA)
		if result := w.reloader.reload(t.Context(), triggerCommand); !result.OK {
			t.Fatal(result.Problems)
		}
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
