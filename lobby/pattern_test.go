package lobby

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"usher/internal/jid"
)

const (
	muc   = "conf.example"
	other = "conf.other"
)

// room is the room of a JID, or of a name at the usual component.
func room(address string) Room {
	if !strings.Contains(address, "@") {
		address += "@" + muc
	}
	name, domain, _ := strings.Cut(address, "@")
	return Room{JID: address, Domain: domain, Room: jid.SplitRoom(name)}
}

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
	{"board-*", []string{"[acme]board-1", "[x]board-1@" + other}, []string{"[acme]a", "[board-1]a"}}, // of every tenant
	{"*", []string{"[acme]a"}, nil},
	{"[acme]board-*", []string{"[acme]board-1"}, []string{"board-1", "[other]board-1", "[acme]a", "[acme][x]board-1"}},
	{"[Acme]*", []string{"[acme]a", "[acme]board-1"}, []string{"a", "[acme2]a", "[other]a"}},
	{"[a*]b", []string{"[acme]b", "[a]b"}, []string{"b", "[b]b", "[acme]bb"}},
	{"[*]b", []string{"[acme]b"}, []string{"b"}},
}

// TestPattern: the asterisk stands for any text, and the rest for itself; a component that is named is the only one.
func TestPattern(t *testing.T) {
	for _, row := range patterns {
		p, err := ParsePattern(row.text)
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
	if _, err := ParsePattern(long); err != nil {
		t.Errorf("%d bytes: %v", len(long), err)
	}
	for _, text := range []string{"@", "@" + muc, "board@", "a@b@c", "a@*", "a@*.example", "a@b/c", "a/b", "*/*", "/", long + "a", "[acme]", "[acme", "[]a", "[ac*", "*]board", "*x]board", "[ａ]b"} {
		if p, err := ParsePattern(text); err == nil || p.String() != "" {
			t.Errorf("%.20q: read as %+v, %v", text, p, err)
		}
	}
}

// TestPatternSpelling: each part between the asterisks is spelled as rooms are, plain and as Jitsi's client does it.
func TestPatternSpelling(t *testing.T) {
	for text, names := range map[string]struct{ yes, no string }{
		"Board-*-X@Conf.Example": {"board-1-x", "Board-1-X board-x"},
		"räk*":                   {"räk räk-1 r%c3%a4k r%c3%a4k-1", "rak r%C3%A4k ra\u0308k"},
		"Straße*":                {"stra%c3%9fe stra%c3%9fe-1", "strasse"},
		"strasse*":               {"strasse", "stra%c3%9fe"},
		"me+you*":                {"me+you me%2byou-1", "me%2Byou"},
		"50%25off*":              {"50%25off", "50%off 50%2525off"},
		"שלום-*":                 {"שלום-א %d7%a9%d7%9c%d7%95%d7%9d-1", "שלום"},
		"Team🚀*":                 {"team🚀 team%f0%9f%9a%80-7", "team"},
	} {
		p, err := ParsePattern(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		for name := range strings.FieldsSeq(names.yes) {
			if !p.Match(room(name)) {
				t.Errorf("%q is not for %q", text, name)
			}
		}
		for name := range strings.FieldsSeq(names.no) {
			if p.Match(room(name)) {
				t.Errorf("%q is for %q", text, name)
			}
		}
	}
	for _, text := range []string{"ｂｏａｒｄ*", "it's*", "ﬁ", "a*ﬁ"} {
		if _, err := ParsePattern(text); err == nil {
			t.Errorf("%q is a pattern, and no room can be called so", text)
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
		"of all tenants":     {map[string]bool{"*": false, "board-*": true}, "[acme]board-1 board-1", "[acme]a"},
		"of a tenant":        {map[string]bool{"board-*": true, "[acme]board-*": false}, "[x]board-1 board-1", "[acme]board-1"},
		"a longer beginning": {map[string]bool{"b*": true, "board-*": false, "bo*": true}, "b book", "board-1 a"},
		"more of the name":   {map[string]bool{"*-x": false, "board-*": true}, "board-x", "a-x"},
		"all of the name":    {map[string]bool{"board": true, "board*": false, "*board": false}, "board", "boards a-board"},
		"in the middle":      {map[string]bool{"a*": false, "a*b*c": true}, "abc a-b-c", "a ac"},
		"a component":        {map[string]bool{"*": true, "*@" + other: false}, "a", "a@" + other},
		"a component's name": {map[string]bool{"board": false, "board@" + other: true}, "board@" + other, "board a@" + other},
		"name, not place":    {map[string]bool{"board-*": true, "*@" + muc: false}, "board-1 board-1@" + other, "a"},
		"another spelling":   {map[string]bool{"Board-*": true, "BOARD-SECRET@Conf.Example": false}, "board-1", "board-secret"},
	} {
		r, err := NewRules(Gate, row.rules)
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
	if r, err := NewRules(Gate, map[string]bool{"*": true, "a/b": true}); err == nil || r != nil {
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
		r, err := NewRules(said, nil)
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
		if strings.ContainsAny(text+name, "@/[]%") || !utf8.ValidString(text) || !utf8.ValidString(name) || len(name) > 1023 {
			return // no localpart, or no text of a regular expression, or more than one spelling
		}
		p, err := ParsePattern(text)
		if err != nil {
			if prepared, badName := jid.Nodeprep(strings.ReplaceAll(text, "*", "")); badName == nil && prepared == text && len(text) <= maxPattern {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if prepared, err := jid.Nodeprep(text); text != "" && (err != nil || prepared != text) {
			return // spelled otherwise than it is written
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

func TestForeign(t *testing.T) {
	for pattern, want := range map[string]bool{"board-*": false, "*@" + muc: false, "a@CONF.example": false, "a@" + other: true, "a@": true, "": false} {
		if got := Foreign(pattern, []string{muc}); got != want {
			t.Errorf("%q: %v, want %v", pattern, got, want)
		}
	}
	if name, component, found := CutComponent("Board-*@CONF.Example"); name != "Board-*" || component != muc || !found {
		t.Errorf("%q, %q, %v", name, component, found)
	}
}
