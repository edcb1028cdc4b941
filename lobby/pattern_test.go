package lobby

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	muc   = "conf.example"
	other = "conf.other"
)

// room is the room of a JID, or of a name at the usual component.
func room(jid string) Room {
	if !strings.Contains(jid, "@") {
		jid += "@" + muc
	}
	name, domain, _ := strings.Cut(jid, "@")
	return Room{JID: jid, Domain: domain, Name: name}
}

func lower(s string) (string, error) { return strings.ToLower(s), nil }

// patterns is for which rooms a pattern is, and for which it is not.
var patterns = []struct {
	text    string
	yes, no []string
}{
	{"", []string{"a", "", "board-1", "a@" + other}, nil},
	{"*", []string{"a", "", "*", "line\nbreak", "a@" + other}, nil},
	{"**", []string{"a", ""}, nil},
	{"board", []string{"board", "board@" + other}, []string{"", "boar", "boards", "a-board", "Board"}},
	{"board-*", []string{"board-", "board-1", "board-board-"}, []string{"board", "a-board-1", ""}},
	{"*-x", []string{"-x", "a-x", "-x-x"}, []string{"x", "-xy", "-x-", ""}},
	{"*mid*", []string{"mid", "amid", "midb", "amidb"}, []string{"mi-d", ""}},
	{"a*b*c", []string{"abc", "a-b-c", "abbcc", "aabbc", "abcbc"}, []string{"ac", "acb", "abcd", "ab", "xabc"}},
	{"a*a", []string{"aa", "aba", "aaa"}, []string{"a", "ab"}},
	{"a*ab", []string{"aab", "a-ab", "aabab"}, []string{"ab", "aabb"}},
	{"ab*b*ba", []string{"abbba", "ab-b-ba", "abbbba"}, []string{"aba", "abba"}}, // no letter counts twice
	{"*ab*ab", []string{"abab", "ab-ab", "aab-aab"}, []string{"ab", "aab", "abba"}},
	{"a.c", []string{"a.c"}, []string{"abc"}},
	{"board@" + muc, []string{"board"}, []string{"board@" + other, "boards", "board@sub." + muc}},
	{"board@CONF.Example", []string{"board"}, []string{"board@" + other}},
	{"*@" + muc, []string{"a", ""}, []string{"a@" + other, "a@sub." + muc, "a@x" + muc}},
	{"b*@" + muc, []string{"b", "board"}, []string{"a", "board@" + other}},
}

// TestPattern: the asterisk stands for any text, and the rest for itself; a component that is named is the only one.
func TestPattern(t *testing.T) {
	for _, row := range patterns {
		p, err := ParsePattern(row.text, nil)
		if err != nil || p.String() != row.text {
			t.Errorf("%q: read as %q, %v", row.text, p, err)
		}
		for _, name := range row.yes {
			if !p.Match(room(name)) {
				t.Errorf("%q is not for %q", row.text, name)
			}
		}
		for _, name := range row.no {
			if p.Match(room(name)) {
				t.Errorf("%q is for %q", row.text, name)
			}
		}
	}
	if !(Pattern{}).Match(room("a")) {
		t.Error("the zero value is not for all rooms")
	}
}

// TestPatternBad: what is no pattern is an error, and comes to nothing.
func TestPatternBad(t *testing.T) {
	long := strings.Repeat("a", maxPattern)
	if _, err := ParsePattern(long, nil); err != nil {
		t.Errorf("%d bytes: %v", len(long), err)
	}
	for _, text := range []string{"@", "@" + muc, "board@", "a@b@c", "a@*", "a@*.example", "a@b/c", "a/b", "*/*", "/", long + "a"} {
		if p, err := ParsePattern(text, nil); err == nil || p.String() != "" {
			t.Errorf("%.20q: read as %+v, %v", text, p, err)
		}
	}
}

// TestPatternCanonical: each part between the asterisks is brought into the form in which names are compared.
func TestPatternCanonical(t *testing.T) {
	p, err := ParsePattern("Board-*-X@Conf.Example", lower)
	if err != nil || !p.Match(room("board-1-x")) || p.Match(room("Board-1-X")) || p.String() != "Board-*-X@Conf.Example" {
		t.Errorf("%+v, %v", p, err)
	}
	bad := errors.New("bad")
	refuse := func(string) (string, error) { return "", bad }
	if _, err := ParsePattern("board-*", refuse); !errors.Is(err, bad) {
		t.Errorf("a part that has no such form: %v", err)
	}
	for _, text := range []string{"", "*", "*@" + muc} { // nothing to bring into it
		if _, err := ParsePattern(text, refuse); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestRules: of the patterns that are for a room the most specific decides.
func TestRules(t *testing.T) {
	for name, row := range map[string]struct {
		rules   map[string]bool
		on, off string
	}{
		"nothing":            {nil, "", "a board-1"},
		"no pattern":         {map[string]bool{"board": true}, "board", "boards a"},
		"every room":         {map[string]bool{"": true}, "a board a@" + other, ""},
		"the issue's":        {map[string]bool{"*": false, "board-*": true, "board-secret": false}, "board- board-1 board-secrets", "a board board-secret"},
		"the other way":      {map[string]bool{"*": true, "board-*": false, "board-secret": true}, "a board board-secret", "board- board-1"},
		"a longer beginning": {map[string]bool{"b*": true, "board-*": false, "bo*": true}, "b book", "board-1 a"},
		"more of the name":   {map[string]bool{"*-x": false, "board-*": true}, "board-x", "a-x"},
		"all of the name":    {map[string]bool{"board": true, "board*": false, "*board": false}, "board", "boards a-board"},
		"in the middle":      {map[string]bool{"a*": false, "a*b*c": true}, "abc a-b-c", "a ac"},
		"a component":        {map[string]bool{"*": true, "*@" + other: false}, "a", "a@" + other},
		"a component's name": {map[string]bool{"board": false, "board@" + other: true}, "board@" + other, "board a@" + other},
		"name, not place":    {map[string]bool{"board-*": true, "*@" + muc: false}, "board-1 board-1@" + other, "a"},
		"another spelling":   {map[string]bool{"Board-*": true, "BOARD-SECRET@Conf.Example": false}, "board-1", "board-secret"},
	} {
		r, err := NewRules(Gate, row.rules, lower)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for jid := range strings.FieldsSeq(row.on) {
			if !r.On(room(jid)) {
				t.Errorf("%s: off in %s", name, jid)
			}
		}
		for jid := range strings.FieldsSeq(row.off) {
			if r.On(room(jid)) {
				t.Errorf("%s: on in %s", name, jid)
			}
		}
	}
	if r, err := NewRules(Gate, map[string]bool{"*": true, "a/b": true}, nil); err == nil || r != nil {
		t.Errorf("a bad pattern: %+v, %v", r, err)
	}
}

// TestMode: unless it is said otherwise the room itself holds people back; and without rules there is no lobby.
func TestMode(t *testing.T) {
	var none *Rules
	if none.On(room("a")) || none.Mode() != MembersOnly {
		t.Errorf("without rules: %v, %s", none.On(room("a")), none.Mode())
	}
	for said, want := range map[Mode]Mode{"": MembersOnly, MembersOnly: MembersOnly, Gate: Gate} {
		r, err := NewRules(said, nil, nil)
		if err != nil || r.Mode() != want {
			t.Errorf("%q: %q, %v", said, r.Mode(), err)
		}
	}
}

// FuzzMatch: a pattern is for the same names as the regular expression that says the same.
func FuzzMatch(f *testing.F) {
	for _, row := range patterns {
		for _, name := range append(row.yes, row.no...) {
			f.Add(row.text, name)
		}
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		if strings.ContainsAny(text+name, "@/") || !utf8.ValidString(text) || !utf8.ValidString(name) || len(name) > 1023 {
			return // no localpart, or no text of a regular expression
		}
		p, err := ParsePattern(text, nil)
		if err != nil {
			if len(text) <= maxPattern {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		parts := strings.Split(text, "*")
		for i, part := range parts {
			parts[i] = regexp.QuoteMeta(part)
		}
		same := regexp.MustCompile(`(?s)\A` + strings.Join(parts, ".*") + `\z`)
		want := text == "" || same.MatchString(name)
		if got := p.Match(room(name)); got != want {
			t.Errorf("%q for %q: %v, but %s says %v", text, name, got, same, want)
		}
	})
}
