package cmdline

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// TestProse: lines are broken between words, and indented below; what is to be done stays whole.
func TestProse(t *testing.T) {
	for in, want := range map[string]string{
		"short":                                "short",
		"✗ room asked   usher was not asked":   "✗ room asked   usher\n  was not asked",
		"  → load the module; restart Prosody": "  → load the module; restart Prosody",
		"a file is open to all — chmod 640 it": "a file is open to\n  all — chmod 640 it",
		" the folder is not there — install -d -m 0700 /var/lib/usher": " the folder is not\n   there\n" +
			"   — install -d -m 0700 /var/lib/usher",
		"  see https://example.com/longer/than": "  see\n    https://example.com/longer/than",
		"https://example.com/longer/than this":  "https://example.com/longer/than\n  this",
		"twenty columns wide.":                  "twenty columns wide.",
		"twenty columns wide. ":                 "twenty columns wide. ",
		"                         indented far": "                         indented\n                           far",
	} {
		if got := breakLine(in, 20); got != want {
			t.Errorf("%q becomes\n%q, want\n%q", in, got, want)
		}
	}
}

// FuzzProse: nothing is lost or put in between words, and a line that is too wide could not be broken before that.
func FuzzProse(f *testing.F) {
	f.Add("  → a b", uint8(3))
	f.Add("é  é\té", uint8(1))
	f.Add("a b — c d", uint8(5))
	f.Fuzz(func(t *testing.T, text string, width uint8) {
		var out bytes.Buffer
		n, err := prose{&out, int(width)}.Write([]byte(text))
		if n != len(text) || err != nil {
			t.Errorf("%d of %d, %v", n, len(text), err)
		}
		got := out.String()
		if utf8.ValidString(text) && strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(text), " ") {
			t.Errorf("%q becomes %q", text, got)
		}
		for line := range strings.SplitSeq(got, "\n") {
			all := []rune(strings.TrimRight(line, " "))
			todo := strings.TrimLeft(line, " ")
			if len(all) <= int(width) || strings.HasPrefix(todo, "→ ") || strings.HasPrefix(todo, "— ") {
				continue
			}
			words := strings.TrimLeft(string(all[:width+1]), " ")
			if strings.Contains(words, " ") {
				t.Errorf("%q is wider than %d", line, width)
			}
		}
	})
}

// TestProseTerminal: on a terminal the width is the terminal's, and into a file lines go as they are.
func TestProseTerminal(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if Prose(file) != file {
		t.Error("a file is taken for a terminal")
	}
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	if err := unix.IoctlSetWinsize(int(ours.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 12}); err != nil {
		t.Fatal(err)
	}
	p, is := Prose(ours).(prose)
	if !is || p.width != 12 {
		t.Errorf("%+v", p)
	}
}
