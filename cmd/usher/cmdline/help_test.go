package cmdline

import (
	"strings"
	"testing"
)

// FuzzFit: help that is wrapped has the same words in the same order, and examples stay as they are.
func FuzzFit(f *testing.F) {
	f.Add("Reads the configuration.\nAnd all.\n\nExample:\n\n   $ usher check\n", 3)
	f.Add("--config FILE\tthe configuration FILE (default: 1) [$X]", 6)
	f.Add(strings.Repeat("word ", 40), 20)
	f.Fuzz(func(t *testing.T, text string, column int) {
		if column < 0 || column > 70 {
			return
		}
		got := fit(text, column)
		if a, b := strings.Fields(got), strings.Fields(text); strings.Join(a, " ") != strings.Join(b, " ") {
			t.Errorf("%q\nbecomes\n%q", text, got)
		}
		for line := range strings.SplitSeq(text, "\n") {
			if strings.HasPrefix(line, " ") && !strings.Contains(text, "\t") && !strings.Contains(got, line) {
				t.Errorf("the example %q is not in %q", line, got)
			}
		}
	})
}
