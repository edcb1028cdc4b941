package parts_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"usher/e2e/parts"
)

var errMissing = errors.New("the thing is not installed: run scripts/install.sh thing")

// The reason that the script left behind stands in the error, which stays what it is.
func TestWhy(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	if err := parts.Why("thing", errMissing); err != errMissing {
		t.Errorf("nothing was tried: %v", err)
	}
	if err := os.MkdirAll(filepath.Join(cache, "usher", "missing"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(cache, "usher", "missing", "thing")
	if err := os.WriteFile(file, []byte("the network is down; plug it in\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := parts.Why("thing", errMissing)
	want := errMissing.Error() + ", which could not: the network is down; plug it in"
	if !errors.Is(err, errMissing) || err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

// A fake is a test that says what became of it.
type fake struct{ fatal, skipped bool }

func (f *fake) Helper()        {}
func (f *fake) Fatal(...any)   { f.fatal = true }
func (f *fake) Skip(...any)    { f.skipped = true }
func (f *fake) String() string { return "" }

func TestNeed(t *testing.T) {
	for _, row := range []struct {
		ci      string
		err     error
		fatal   bool
		skipped bool
	}{
		{"", nil, false, false}, {"1", nil, false, false}, {"", errMissing, false, true}, {"true", errMissing, true, true},
	} {
		t.Setenv("CI", row.ci)
		var f fake // unlike a real test it goes on after Fatal
		if parts.Need(&f, row.err); f.fatal != row.fatal || f.skipped != row.skipped {
			t.Errorf("CI=%q, %v: %+v", row.ci, row.err, f)
		}
	}
}

// TestScript runs scripts/install.sh on a machine without npm's registry and without what apt could install: the
// reasons of both are told apart, at the end and once, and -k leaves them to others.
func TestScript(t *testing.T) {
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("there is no npm")
	}
	if err := exec.Command("dpkg-query", "-W", "prosody", "prosody-modules").Run(); err != nil {
		parts.Need(t, errors.New("prosody is not installed: run scripts/install.sh"))
	}
	bin, cache := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{
		"apt-get": "#!/bin/sh\necho 'E: Unable to fetch some archives' >&2\nexit 100\n",
		// Only Prosody is there.
		"dpkg-query": "#!/bin/sh\n[ -z \"$NO_PROSODY\" ] || exit 1\n" +
			"case $* in *' prosody'|*' prosody-modules') echo installed;; esac\n",
		"sudo":  "#!/bin/sh\nshift\n[ \"$1\" != true ] || exit 0\nexec \"$@\"\n",
		"tee":   "#!/bin/sh\ncat >/dev/null\n", // no policy of Debian's is written
		"chmod": "#!/bin/sh\n", "rm": "#!/bin/sh\ncase $* in */usr/sbin/*) ;; *) exec /bin/rm \"$@\";; esac\n",
		"systemctl": "#!/bin/sh\n",
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "../../scripts/install.sh", args...)
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "XDG_CACHE_HOME="+cache,
			"USHER_STROPHE="+cache+"/strophe", "npm_config_registry=http://127.0.0.1:9/")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := script("haproxy", "strophe")
	if err == nil {
		t.Errorf("it says that all is there:\n%s", out)
	}
	for _, want := range []string{
		"install: no haproxy: apt-get could not install haproxy: E: Unable to fetch some archives; " +
			"apt-get install haproxy says more\n",
		"install: no strophe: npm could not download strophe.js@5.0.0: ECONNREFUSED; npm config get registry names what ",
	} {
		if strings.Count(out, want) != 1 {
			t.Errorf("%q should stand once in\n%s", want, out)
		}
	}
	out, err = script("-k", "haproxy", "strophe")
	if err != nil || !strings.HasSuffix(out, "install: going on without haproxy strophe\n") ||
		strings.Contains(out, "no haproxy:") {
		t.Errorf("with -k: %v\n%s", err, out)
	}
	t.Setenv("XDG_CACHE_HOME", cache)
	if err := parts.Why("haproxy", errMissing); !strings.Contains(err.Error(), "Unable to fetch some archives") {
		t.Errorf("the reason was not left: %v", err)
	}
	t.Setenv("NO_PROSODY", "1")
	if out, err := script("-k"); err != nil {
		t.Errorf("-k without Prosody: %v\n%s", err, out)
	}
	if out, err := script(); err == nil ||
		!strings.Contains(out, "install: no prosody: apt-get could not install prosody prosody-modules: E: ") {
		t.Errorf("without Prosody: %v\n%s", err, out)
	}
}
