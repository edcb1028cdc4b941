package world

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"
)

// OneLogin wants the lines of the log with these messages about somebody, as the log names the person, to name the same
// logins. It waits for them: usher writes its log a moment after what it tells of.
func (w *World) OneLogin(t testing.TB, person string, messages ...string) {
	t.Helper()
	var log string
	var differ error
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		log = w.Usher.Log()
		if differ = oneLogin(log, person, messages); differ == nil {
			return
		}
	}
	t.Errorf("%v\n%s", differ, log)
}

var loginID = regexp.MustCompile(` login=(\w{8})\b`)

func oneLogin(log, person string, messages []string) error {
	var want map[string]bool
	for _, message := range messages {
		got := map[string]bool{}
		for line := range strings.Lines(log) {
			if m := loginID.FindStringSubmatch(line); m != nil && strings.Contains(line, message) &&
				strings.Contains(line, person) {
				got[m[1]] = true
			}
		}
		if want == nil {
			want = got
		}
		if len(got) == 0 || !maps.Equal(got, want) {
			return fmt.Errorf("%s: %s has the logins %v, %s %v", person, messages[0], want, message, got)
		}
	}
	return nil
}
