package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher/internal/config"
	"usher/internal/config/configtest"
)

// TestLinkSwappedDuringALoad: a file that this load is the first to name is reached by a link that leads elsewhere a
// moment after it was read, to a file that is older than all of this.
func TestLinkSwappedDuringALoad(t *testing.T) {
	w := newReloadWorld(t)
	link := filepath.Join(w.dir, "current")
	for name, secret := range map[string]string{"one": secretA, "two": secretB} {
		if err := os.Mkdir(filepath.Join(w.dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		configtest.PutFile(t, filepath.Join(w.dir, name), "my.secret", secret, 0o600)
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
		w.reloader.read = func(path string) (*config.Config, config.Files, config.Problems) {
			c, read, problems := config.LoadFiles(path)
			_ = os.Symlink("two", link+".new")
			_ = os.Rename(link+".new", link)
			return c, read, problems
		}
		if result := w.reloader.reload(t.Context(), triggerCommand); result.OK != (name == "good") {
			t.Fatal(name, result.Problems)
		}
		if w.reloader.watch.Changed(); !w.reloader.watch.Changed() {
			t.Errorf("%s: what the file is now is never read", name)
		}
		w.reloader.read = config.LoadFiles
		w.write(reloadA)
		if result := w.reloader.reload(t.Context(), triggerCommand); !result.OK {
			t.Fatal(result.Problems)
		}
	}
}
