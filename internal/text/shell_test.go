package text

import (
	"os/exec"
	"strings"
	"testing"
)

// FuzzShell: a shell takes the word as it was.
func FuzzShell(f *testing.F) {
	for _, s := range []string{"/etc/usher/my-app.secret", "", "a b", "it's", "$HOME;`id`", "a\nb", "~", "é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, word string) {
		if strings.Contains(word, "\x00") {
			return // which no argument has
		}
		out, err := exec.Command("sh", "-c", "printf %s "+Shell(word)+"x").Output()
		if err != nil || string(out) != word+"x" {
			t.Errorf("%q becomes %q, %v", word, out, err)
		}
	})
}
