package watch

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// TestHints: whatever a look would find makes a hint, also above the file and behind symlinks, and what else happens beside
// the files makes none.
func TestHints(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, text string) { must(os.WriteFile(at(name), []byte(text), 0o600)) }
	for _, d := range []string{"one", "two", "other"} {
		must(os.Mkdir(at(d), 0o700))
		write(d+"/f", d)
	}
	must(os.Symlink("one", at("now")))
	must(os.Symlink("now/f", at("link")))
	must(os.Symlink("circle", at("circle")))
	h := NewHints()
	ctx, cancel := context.WithCancel(t.Context())
	var task sync.WaitGroup
	task.Go(func() { _ = h.Run(ctx) })
	defer task.Wait()
	defer cancel()
	files := []string{at("link"), at("missing/f")}
	h.Follow(append(files, at("circle")))
	if h.Follow(files); !h.Whole() {
		t.Skip("the folder of the tests is in a file system of another kind")
	}
	open, err := os.OpenFile(at("log"), os.O_CREATE|os.O_WRONLY, 0o600)
	must(err)
	defer open.Close()
	for _, step := range []struct {
		name   string
		hint   bool
		change func()
	}{
		{"an entry of no file", false, func() { write("other/g", "x"); write("unrelated", "x") }},
		{"a log that goes on", false, func() { _, err := open.WriteString("line\n"); must(err) }},
		{"written in place", true, func() { write("one/f", "longer") }},
		{"replaced", true, func() { write("new", "x"); must(os.Rename(at("new"), at("one/f"))) }},
		{"another right", true, func() { must(os.Chmod(at("one/f"), 0o400)) }},
		{"a symlink above is swapped", true, func() { must(os.Symlink("two", at("next"))); must(os.Rename(at("next"), at("now"))) }},
		{"written behind the new symlink", true, func() { write("two/f", "longer") }},
		{"a folder is made", true, func() { must(os.Mkdir(at("missing"), 0o700)) }},
		{"a file appears in it", true, func() { write("missing/f", "") }},
		{"a file goes", true, func() { must(os.Remove(at("missing/f"))) }},
		{"the folder goes", true, func() { must(os.Rename(at("two"), at("gone"))) }},
	} {
		h.Follow(files)
		for wait := true; wait; { // for what is left of the step before
			select {
			case <-h.C:
			case <-time.After(20 * time.Millisecond):
				wait = false
			}
		}
		step.change()
		hinted := false
		select {
		case <-h.C:
			hinted = true
		case <-time.After(map[bool]time.Duration{true: 5 * time.Second, false: 50 * time.Millisecond}[step.hint]):
		}
		if hinted != step.hint {
			t.Errorf("%s: a hint is %v", step.name, hinted)
		}
	}
}

// TestNoHints: where it is not known that every change makes a hint, looks are as often as before.
func TestNoHints(t *testing.T) {
	h, w := NewHints(), &Watcher{}
	h.Follow([]string{"/proc/self/status"})
	if h.Whole() || w.Wait(false, h) != Every {
		t.Errorf("of /proc changes are awaited %v", w.Wait(false, h))
	}
	if h.Follow([]string{t.TempDir()}); h.Whole() && w.Wait(false, h) != seldom {
		t.Errorf("looks are every %v", w.Wait(false, h))
	}
	h.close()
	if h.Follow([]string{t.TempDir()}); h.Whole() || w.Wait(true, h) != Every {
		t.Error("closed hints are waited for")
	}
}
