package sessions

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"usher/internal/admin"
)

// TestFilter: who is listed, by each of the three and by all together.
func TestFilter(t *testing.T) {
	s := admin.Session{Account: "alice@meet.example.com", InRooms: []string{"standup@conference.meet.example.com"}}
	for _, c := range []struct {
		account, host, room string
		want                bool
	}{
		{"", "", "", true},
		{"alice", "", "", true},
		{"Alice@meet.example.com", "", "", true},
		{"ali", "", "", false},
		{"ali*", "", "", true},
		{"*@meet.example.com", "", "", true},
		{"*@guest.example.com", "", "", false},
		{"", "meet.example.com", "", true},
		{"", "example.com", "", false},
		{"", "", "standup", true},
		{"", "", "stand*@conference.*", true},
		{"", "", "board", false},
		{"alice", "meet.example.com", "standup", true},
		{"bob", "meet.example.com", "standup", false},
	} {
		if got := (filter{c.account, c.host, c.room}).takes(s); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// FuzzLike: a pattern is what a regular expression of it is.
func FuzzLike(f *testing.F) {
	for _, s := range [][2]string{{"a*", "ab"}, {"*", ""}, {"a*b*a", "aba"}, {"**", "x"}, {"a*a", "a"}, {"", "a"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if !utf8.ValidString(pattern) || !utf8.ValidString(s) || strings.Count(pattern, "*") > 100 {
			return // which regular expressions do not take
		}
		var quoted []string
		for part := range strings.SplitSeq(pattern, "*") {
			quoted = append(quoted, regexp.QuoteMeta(part))
		}
		want := regexp.MustCompile("(?s)^" + strings.Join(quoted, ".*") + "$").MatchString(s)
		if got := like(pattern, s); got != want {
			t.Errorf("%q like %q: %v, want %v", s, pattern, got, want)
		}
	})
}
