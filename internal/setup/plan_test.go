package setup

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/internal/setup/hunks"
	"usher/internal/setup/luaread"
)

var update = flag.Bool("update", false, "write the golden files")

// plan makes a plan, or skips the test where there is no Lua.
func plan(t *testing.T, files memory, o Options) *Plan {
	t.Helper()
	p, err := Make(t.Context(), files, steady{}, o)
	if errors.Is(err, luaread.ErrNoLua) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// show is a plan as a person sees it.
func show(p *Plan) string {
	var b strings.Builder
	for _, c := range p.Changes {
		if c.Hidden {
			fmt.Fprintf(&b, "%s is made\n", c.Path)
			continue
		}
		b.WriteString(hunks.Unified(c.Path, c.Old, c.New, p.Secrets))
	}
	for _, h := range p.ByHand {
		fmt.Fprintf(&b, "by hand, %s: %s\n%s\n", h.Where, h.Why, strings.Join(h.Lines, "\n"))
	}
	for _, note := range p.Notes {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	return b.String()
}

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: -update writes what it is now\n%s", name, hunks.Unified(name, string(want), got, nil))
	}
}

// after are the files once a plan is in force.
func after(files memory, p *Plan) memory {
	now := memory{}
	maps.Copy(now, files)
	for _, c := range p.Changes {
		now[c.Path] = c.New
	}
	return now
}

// TestShapes: the changes to the files of each time, with and without tokens; and none when it is run again.
func TestShapes(t *testing.T) {
	for _, s := range shapes {
		for name, tokens := range map[string]bool{"tokens": true, "anonymous": false} {
			t.Run(s.date+"-"+name, func(t *testing.T) {
				files := s.files(tokens)
				p := plan(t, files, Options{})
				if p.Blocked() || len(p.ByHand) > 0 {
					t.Errorf("lines are left to a person: %+v", p.ByHand)
				}
				for _, secret := range []string{"application secret of acme", "fresh secret", "secret of turn", "pw of jicofo"} {
					if strings.Contains(show(p), secret) {
						t.Errorf("%q is shown", secret)
					}
				}
				golden(t, s.date+"-"+name+".diff", show(p))
				if again := plan(t, after(files, p), Options{}); len(again.Changes)+len(again.ByHand) > 0 {
					t.Errorf("run again it changes\n%s", show(again))
				}
			})
		}
	}
}
