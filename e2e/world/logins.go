package world

import (
	"maps"
	"regexp"
	"strings"
	"testing"
)

// OneLogin wants the lines of the log with these messages about somebody, as the log names the person, to name the same
// logins.
func (w *World) OneLogin(t testing.TB, person string, messages ...string) {
	t.Helper()
	log := w.Usher.Log()
	var want map[string]bool
	for _, message := range messages {
		got := map[string]bool{}
		for line := range strings.Lines(log) {
			if m := regexp.MustCompile(` login=(\w{8})\b`).FindStringSubmatch(line); m != nil &&
				strings.Contains(line, message) && strings.Contains(line, person) {
				got[m[1]] = true
			}
		}
		if want == nil {
			want = got
		}
		if len(got) == 0 || !maps.Equal(got, want) {
			t.Errorf("%s: %s has the logins %v, %s %v\n%s", person, messages[0], want, message, got, log)
		}
	}
}
