package try

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/world"
)

// TestMistakes: of the mistakes that docs/operating.md lists, those of other programs are found by
// usher try, in the words that stand there, and with a mend.
func TestMistakes(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	v := world.AnyVersion(t)
	w := world.New(t, v, world.Options{Modules: "{}"})
	old := prosodytest.Start(t, prosody.Config{Version: v,
		Hosts: []prosody.Host{{Name: world.Meet, Lines: "authentication = \"internal_hashed\"\n"}}})
	for _, row := range []struct {
		mistake, mend string
		change        []string
		c2s           string
	}{
		{"a module is missing", "load mod_muc_http_auth", nil, w.Prosody.C2S()},
		{"the host misspelt", "VirtualHost lines", []string{"  meet.example.com:", "  meets.example.com:"}, w.Prosody.C2S()},
		{"Prosody was not restarted", "restart Prosody", nil, old.C2S()},
	} {
		t.Run(row.mistake, func(t *testing.T) {
			cells := regexp.MustCompile(`(?m)^\| ` + row.mistake + " \\|[^|]*usher try[^|]*\\| `([^`|]*)`[^|]*\\|").FindSubmatch(page)
			if cells == nil {
				t.Fatal("docs/operating.md has no row for it")
			}
			if row.change != nil {
				reconfigure(t, w, row.change...)
			}
			out, err := w.Usher.Try(t, "try", "--c2s", row.c2s)
			if err == nil || !strings.Contains(out, string(cells[1])) || !strings.Contains(out, row.mend) {
				t.Errorf("%v\nwant %q and %q in\n%s", err, cells[1], row.mend, out)
			}
		})
	}
}
