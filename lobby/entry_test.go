package lobby

import (
	"strings"
	"testing"
	"time"
)

var evening = time.Date(2026, 12, 31, 18, 0, 0, 0, time.UTC)

// lines is what is read of a line, and what is written of that; nothing if it is the same line.
var lines = []struct {
	text string
	want Entry
	back string
}{
	{"alice@a.example", Entry{JID: "alice@a.example"}, ""},
	{"a.example", Entry{JID: "a.example"}, ""},
	{"alice@a.example room=board-*", Entry{JID: "alice@a.example", Room: "board-*"}, ""},
	{"alice@a.example room=*@conf.example", Entry{JID: "alice@a.example", Room: "*@conf.example"}, ""},
	{"a.example room=a=b", Entry{JID: "a.example", Room: "a=b"}, ""},
	{"a.example until=2026-12-31T18:00:00Z", Entry{JID: "a.example", Until: evening}, ""},
	{"a.example until=2026-12-31T19:00:00+01:00", Entry{JID: "a.example", Until: evening}, "a.example until=2026-12-31T18:00:00Z"},
	{"a.example # an audit", Entry{JID: "a.example", Note: "an audit"}, ""},
	{"a.example #1 # room=a", Entry{JID: "a.example", Note: "1 # room=a"}, "a.example # 1 # room=a"},
	{"a.example#", Entry{JID: "a.example"}, "a.example"},
	{"\ta.example  until=2026-12-31T18:00:00Z\troom=x#note ", Entry{JID: "a.example", Room: "x", Until: evening, Note: "note"},
		"a.example room=x until=2026-12-31T18:00:00Z # note"},
	{"", Entry{}, ""},
	{" \t", Entry{}, ""},
	{"# alice@a.example room=x", Entry{}, ""},
	{"  ## a comment", Entry{}, ""},
}

// TestParseEntry: a line is read, and what is written of the entry is read as the same again.
func TestParseEntry(t *testing.T) {
	for _, row := range lines {
		e, err := ParseEntry(row.text)
		if err != nil || e != row.want {
			t.Errorf("%q: %+v, %v", row.text, e, err)
		}
		if e.JID == "" {
			continue
		}
		back := row.back
		if back == "" {
			back = row.text
		}
		if e.String() != back {
			t.Errorf("%q: written as %q", row.text, e)
		}
		if again, err := ParseEntry(back); err != nil || again != e {
			t.Errorf("%q: read again as %+v, %v", row.text, again, err)
		}
	}
}

// TestParseEntryBad: what is not understood is an error, and no entry comes of it. The message is short.
func TestParseEntryBad(t *testing.T) {
	for _, text := range []string{
		"room=x", "room=x alice@a.example", "until=2026-12-31T18:00:00Z", "=",
		"alice@a.example bob@a.example", "alice@a.example room", "alice@a.example room=", "alice@a.example Room=x",
		"alice@a.example room=x room=y", "alice@a.example room=x room=x", "alice@a.example room= x", "alice@a.example room = x",
		"alice@a.example until=", "alice@a.example until", "alice@a.example until=tomorrow", "alice@a.example until=2026-12-31",
		"alice@a.example until=2026-12-31T18:00:00", "alice@a.example until=0001-01-01T00:00:00Z",
		"alice@a.example until=2026-12-31T18:00:00Z until=2026-12-31T18:00:00Z", "alice@a.example note=x",
		"alice@a.example until=" + strings.Repeat("9", 1000), "alice@a.example " + strings.Repeat("x", 1000),
	} {
		e, err := ParseEntry(text)
		if err == nil || e != (Entry{}) || len(err.Error()) > 250 {
			t.Errorf("%.60q: %+v, %v", text, e, err)
		}
	}
}

// TestEntryCheck: whoever made an entry, it is for a bare JID or a host, and all of it fits in one line.
func TestEntryCheck(t *testing.T) {
	long := strings.Repeat("a", maxJID-len("@a.example"))
	for _, e := range []Entry{
		{JID: "alice@a.example"}, {JID: "a.example"}, {JID: "иван@a.example"}, {JID: long + "@a.example"},
		{JID: "a.example", Note: strings.Repeat("n", maxNote)}, {JID: "a.example", Room: "a%20b", Note: "ü # ="},
		{JID: "a.example", Until: evening}, {JID: "a.example", Room: "*@" + muc},
	} {
		if _, err := e.Check(); err != nil {
			t.Errorf("%.60s: %v", e, err)
		}
	}
	for _, e := range []Entry{
		{}, {JID: "@"}, {JID: "@a.example"}, {JID: "alice@"}, {JID: "a@b@c"}, {JID: "alice@a.example/phone"}, {JID: "a.example/phone"},
		{JID: "alice @a.example"}, {JID: "a\tb@a.example"}, {JID: "a\nb"}, {JID: "a\x7f"}, {JID: "\xff@a.example"}, {JID: long + "a@a.example"},
		{JID: "a.example", Note: strings.Repeat("n", maxNote+1)}, {JID: "a.example", Note: "a\nb.example"}, {JID: "a.example", Note: "\xff"},
		{JID: "a.example", Room: "a b"}, {JID: "a.example", Room: "a\n"}, {JID: "a.example", Room: "a\x00"}, {JID: "a.example", Room: "a\u00a0b"},
		{JID: "a.example", Room: "a/b"}, {JID: "a.example", Room: "@" + muc}, {JID: "a.example", Room: strings.Repeat("a", maxPattern+1)},
	} {
		if _, err := e.Check(); err == nil || len(err.Error()) > 500 {
			t.Errorf("%.60q: %v", e, err)
		}
	}
	if e := (Entry{JID: "a.example", Until: evening.In(time.FixedZone("", 3600))}); e.String() != "a.example until=2026-12-31T18:00:00Z" {
		t.Errorf("in another zone: %s", e)
	}
	if !(Entry{JID: "a.example"}).IsDomain() || (Entry{JID: "alice@a.example"}).IsDomain() {
		t.Error("a host is taken for a JID, or a JID for a host")
	}
}

// FuzzEntry: what is read of a line is read again from what is written of it, and nothing is left of a bad line.
func FuzzEntry(f *testing.F) {
	for _, row := range lines {
		f.Add(row.text)
	}
	f.Add("alice@a.example room=x room=y")
	f.Add("room=x alice@a.example # note")
	for _, until := range []string{"2026-12-31T18:00:00.5Z", "9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00", "0001-01-01T00:00:00.5Z"} {
		f.Add("a.example until=" + until)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := ParseEntry(text)
		switch {
		case err != nil && e != Entry{}:
			t.Errorf("%q: %+v with error %v", text, e, err)
		case e.JID == "":
			if e != (Entry{}) {
				t.Errorf("%q: %+v is for nobody", text, e)
			}
			return
		}
		if again, err := ParseEntry(e.String()); err != nil || again != e {
			t.Errorf("%q: %+v, written as %q, is read as %+v, %v", text, e, e, again, err)
		}
	})
}

// FuzzEntryLine: an entry that may be on the whitelist is read from its line as it was, whoever made it: an export must
// not let in anybody else.
func FuzzEntryLine(f *testing.F) {
	f.Add("alice#x@h", "", "")
	f.Add("a=b@h", "c#1", " note ")
	f.Add("a\u00a0b@h", "x\u2028", "a # b")
	f.Fuzz(func(t *testing.T, jid, room, note string) {
		e := Entry{JID: jid, Room: room, Note: note}
		if _, err := e.Check(); err != nil {
			return
		}
		if again, err := ParseEntry(e.String()); err != nil || again != e {
			t.Errorf("%+v, written as %q, is read as %+v, %v", e, e, again, err)
		}
	})
}
