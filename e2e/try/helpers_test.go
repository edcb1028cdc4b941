package try

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"usher/e2e/daemon"
	"usher/e2e/nginx"
	"usher/e2e/parts"
	"usher/e2e/world"
)

func TestMain(m *testing.M) { os.Exit(daemon.Main(m)) }

// page is the page's address, and gateway what usher is told of it.
const (
	page    = "wss://" + world.Meet
	gateway = `origins: ["https://` + world.Meet + `"]`
)

// A report is what usher try --json prints.
type report struct {
	OK          bool   `json:"ok"`
	Room        string `json:"room"`
	Unreachable bool   `json:"daemon_unreachable"`
	Hops        []hop  `json:"hops"`

	code int
}

type hop struct{ Name, State, Seen, Mend string }

// try runs usher try.
func try(t testing.TB, w *world.World, args ...string) (r report) {
	t.Helper()
	out, err := w.Usher.Try(t, append([]string{"try", "--json"}, args...)...)
	if of, ok := err.(*exec.ExitError); ok {
		r.code = of.ExitCode()
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("usher try %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	if strings.Contains(out, "eyJ") {
		t.Errorf("there is a token in the output: %s", out)
	}
	return r
}

// hop is one of the report's.
func (r *report) hop(name string) hop {
	for _, h := range r.Hops {
		if h.Name == name {
			return h
		}
	}
	return hop{}
}

// isWell wants every hop to have passed.
func (r *report) isWell(t testing.TB) {
	t.Helper()
	if !r.OK || r.code != 0 {
		t.Errorf("exit code %d: %+v", r.code, r.Hops)
	}
	for _, h := range r.Hops {
		if h.State != "passed" {
			t.Errorf("%+v", h)
		}
	}
}

// stopsAt wants a hop to be the only one that failed, to say this, and to name this as the mend; what it says in more
// words is not compared.
func (r *report) stopsAt(t testing.TB, name, seen, mend string) {
	t.Helper()
	if r.OK || r.code != 1 {
		t.Errorf("exit code %d", r.code)
	}
	for _, h := range r.Hops {
		if h.State == "failed" && h.Name != name {
			t.Errorf("%s failed as well: %s", h.Name, h.Seen)
		}
	}
	h := r.hop(name)
	if h.State != "failed" || !strings.Contains(h.Seen, seen) || !strings.Contains(h.Mend, mend) {
		t.Errorf("%s: %+v\nwant seen: %q\nwant mend: %q\nall: %+v", name, h, seen, mend, r.Hops)
	}
}

// startNginx starts one whose site leads to an address.
func startNginx(t testing.TB, c nginx.Config) *nginx.Server {
	t.Helper()
	_, err := nginx.Find()
	parts.Need(t, err)
	c.Dir, c.Root = t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(c.Root, "index.html"), []byte("a page"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := nginx.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// reconfigure has usher go by another configuration, in which texts are replaced: old, new, old, new. It goes back
// afterwards.
func reconfigure(t testing.TB, w *world.World, pairs ...string) {
	t.Helper()
	was := w.Usher.Read("usher.yaml")
	t.Cleanup(func() {
		w.Usher.Write("usher.yaml", was)
		w.Usher.Run(t, "reload")
	})
	w.Usher.Write("usher.yaml", strings.NewReplacer(pairs...).Replace(was))
	w.Usher.Run(t, "reload")
}
