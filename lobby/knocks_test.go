package lobby

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// who is who waits, in order.
func who(list []Knock) string {
	var b strings.Builder
	for _, k := range list {
		name, _, _ := strings.Cut(k.Room, "@")
		fmt.Fprintf(&b, " %s:%s×%d", name, k.JID, k.Count)
	}
	return strings.TrimSpace(b.String())
}

// TestKnocks: each person counts once in a room, in the order in which they came, until he waits no longer.
func TestKnocks(t *testing.T) {
	f := newFixture(t, State{})
	a, b := room("a").JID, room("b").JID
	if list := f.Knocks(""); list == nil || len(list) != 0 || len(f.KnockedRooms()) != 0 {
		t.Errorf("at first: %v, %v", list, f.KnockedRooms())
	}
	for _, k := range []struct{ room, jid, name string }{
		{b, "zoe@h", "Zoe"}, {a, "bob@h", "B."}, {a, "alice@h", "Alice"}, {b, "bob@h", "Bob"}, {a, "bob@h", "Bob"}, {a, "carol@h", ""}, {a, "bob@h", "Bob"},
	} {
		f.Knock(k.room, k.jid, k.name, true)
		f.now = f.now.Add(time.Second)
	}
	want := func(in, want string) {
		t.Helper()
		if got := who(f.Knocks(in)); got != want {
			t.Errorf("in %q there wait %s, want %s", in, got, want)
		}
	}
	want("", "a:bob@h×3 a:alice@h×1 a:carol@h×1 b:zoe@h×1 b:bob@h×1")
	want(a, "a:bob@h×3 a:alice@h×1 a:carol@h×1")
	want("c@"+muc, "")
	if k := f.Knocks(a)[0]; k.Name != "Bob" || !k.First.Equal(evening.Add(time.Second)) || !k.Last.Equal(evening.Add(6*time.Second)) {
		t.Errorf("%+v", k)
	}
	if rooms := f.KnockedRooms(); !slices.Equal(rooms, []string{a, b}) {
		t.Errorf("rooms: %q", rooms)
	}
	f.CameIn(a, "bob@h")
	f.CameIn(a, "nobody@h")
	f.CameIn("c@"+muc, "alice@h")
	want("", "a:alice@h×1 a:carol@h×1 b:zoe@h×1 b:bob@h×1")
	for jid, admitted := range map[string]bool{"zoe@h": true, "bob@h": false} {
		if _, err := f.Decide(t.Context(), Verdict{Room: b, JID: jid, Admitted: admitted}); err != nil {
			t.Fatal(err)
		}
	}
	want("", "a:alice@h×1 a:carol@h×1")
	if rooms := f.KnockedRooms(); !slices.Equal(rooms, []string{a}) || f.knocks.count() != 2 {
		t.Errorf("rooms: %q, %d knocks", rooms, f.knocks.count())
	}
	f.Knock(a, "bob@h", "Bob", true) // comes last now
	want("", "a:alice@h×1 a:carol@h×1 a:bob@h×1")
}

// TestKnocksExpire: who has not tried for an hour is forgotten.
func TestKnocksExpire(t *testing.T) {
	f := newFixture(t, State{})
	a, b := room("a").JID, room("b").JID
	f.Knock(a, "alice@h", "", true)
	f.Knock(a, "bob@h", "", true)
	f.Knock(b, "bob@h", "", true)
	for _, row := range []struct {
		after time.Duration
		want  string
	}{
		{30 * time.Minute, "a:alice@h×1 a:bob@h×1 b:bob@h×1"},
		{time.Hour - 1, "a:alice@h×2 a:bob@h×1 b:bob@h×1"},
		{time.Hour, "a:alice@h×2"},
		{90*time.Minute - 1, "a:alice@h×2"},
		{90 * time.Minute, ""},
	} {
		f.now = evening.Add(row.after)
		f.Sweep(t.Context())
		if row.after == 30*time.Minute {
			f.Knock(a, "alice@h", "", true)
			continue
		}
		if got := who(f.Knocks("")); got != row.want {
			t.Errorf("after %v there wait %s, want %s", row.after, got, row.want)
		}
	}
	if len(f.knocks.rooms) != 0 || f.knocks.count() != 0 {
		t.Errorf("%d rooms and %d knocks are kept", len(f.knocks.rooms), f.knocks.count())
	}
}

// TestKnockName: a nickname, which anybody may choose, is short and has no control characters.
func TestKnockName(t *testing.T) {
	for name, want := range map[string]string{
		"Bob": "Bob", "": "", "Bo\nb\x00\u009b": "Bob", "B\xffob": "Bob", "Боб": "Боб",
		strings.Repeat("x", maxNameLength):         strings.Repeat("x", maxNameLength),
		strings.Repeat("x", 10_000):                strings.Repeat("x", maxNameLength) + "…",
		"x" + strings.Repeat("ü", maxNameLength/2): "x" + strings.Repeat("ü", maxNameLength/2-1) + "…",
	} {
		var k knocks
		k.add("a@"+muc, "bob@h", name, true, evening, evening)
		if got := k.list("")[0].Name; got != want {
			t.Errorf("%.100q: %q, want %q", name, got, want)
		}
	}
}

// TestNotices: a letter is somebody who knocks, a dot ten seconds and a colon a minute. Moderators are told of a person
// once a minute (p), and of a few persons; then once that there are many (c), and of nobody else for a minute.
func TestNotices(t *testing.T) {
	for _, row := range []struct{ knocks, notices string }{
		{"a", "p"},
		{"aab", "p-p"},
		{"a.....a.a.a", "p-p-"},
		{"a:a:a", "ppp"},
		{"abcdefghij", "pppppppppp"},
		{"abcdefghijk", "ppppppppppc"},
		{"abcdefghijabc", "pppppppppp---"},
		{"abcdefghijklmamk", "ppppppppppc-----"},
		{"abcdefghijkl.....lm.lma", "ppppppppppc---ppp"},
		{"abcdefghijkl:bcdefghijkl", "ppppppppppc-ppppppppppc"},
		{"abcde.....fghijk.kafbf", "ppppppppppc-p-p-"}, // the room's minute begins with its first knock
	} {
		var k knocks
		now := evening
		var got strings.Builder
		for _, step := range row.knocks {
			switch step {
			case '.':
				now = now.Add(10 * time.Second)
			case ':':
				now = now.Add(time.Minute)
			default:
				got.WriteByte("-pc"[k.add("a@"+muc, string(step)+"@h", "", true, now, now)])
			}
		}
		if got.String() != row.notices {
			t.Errorf("%s: %s, want %s", row.knocks, got.String(), row.notices)
		}
		if k.add("b@"+muc, "a@h", "", true, now, now) != TellPerson {
			t.Errorf("%s: another room is concerned", row.knocks)
		}
	}
}

// TestFlood: thousands of made-up guests drive out neither who knocked before them nor who does afterwards, and are no
// flood of messages either.
func TestFlood(t *testing.T) {
	f := newFixture(t, State{})
	a := room("a").JID
	told := map[Notice]int{}
	told[f.Knock(a, "alice@h", "Alice", true)]++
	flood := func(n int, kind string) {
		for i := range n {
			told[f.Knock(a, fmt.Sprint(kind, i, "@guest"), "Guest", true)]++
			f.now = f.now.Add(10 * time.Millisecond)
		}
	}
	flood(10_000, "x")
	minutes := int(f.now.Sub(evening)/time.Minute) + 1
	if told[TellPerson] > minutes*tellsOfRoom || told[TellCrowd] > minutes || told[TellPerson] == 0 {
		t.Errorf("within %d minutes: %v", minutes, told)
	}
	f.Knock(a, "bob@h", "Bob", true)
	flood(knocksLast-1, "y")
	list := f.Knocks(a)
	if len(list) != knocksFirst+knocksLast || f.knocks.count() != len(list) || len(f.knocks.rooms[a].byJID) != len(list) {
		t.Errorf("%d are listed, %d counted, %d kept", len(list), f.knocks.count(), len(f.knocks.rooms[a].byJID))
	}
	if list[0].JID != "alice@h" || list[knocksFirst].JID != "bob@h" {
		t.Errorf("%s is first, and %s first of those who came last", list[0].JID, list[knocksFirst].JID)
	}
	f.now = f.now.Add(knockLasts)
	f.Sweep(t.Context())
	if f.knocks.count() != 0 || len(f.knocks.rooms) != 0 {
		t.Errorf("%d are kept in the end", f.knocks.count())
	}
}

// TestFloodOfRooms: thousands of made-up rooms drive out no room that somebody started.
func TestFloodOfRooms(t *testing.T) {
	f := newFixture(t, State{})
	f.Knock(room("board").JID, "alice@h", "Alice", true)
	f.Knock(room("board").JID, "alice@h", "Alice", false) // it has ended, but people know it
	for i := range 10_000 {
		f.Knock(room(fmt.Sprint("x", i)).JID, "mallory@guest", "Guest", false)
		f.now = f.now.Add(10 * time.Millisecond)
		if len(f.knocks.rooms) > knockRooms {
			t.Fatalf("%d rooms are kept", len(f.knocks.rooms))
		}
	}
	f.Knock(room("standup").JID, "bob@h", "Bob", true)
	f.Knock(room("x").JID, "mallory@guest", "Guest", false)
	for name, want := range map[string]string{"board": "board:alice@h×2", "standup": "standup:bob@h×1", "x": "x:mallory@guest×1"} {
		if got := who(f.Knocks(room(name).JID)); got != want {
			t.Errorf("in %s there waits %s", name, got)
		}
	}
	if n := len(f.Knocks("")); n != knockRooms || f.knocks.count() != n {
		t.Errorf("%d are listed, %d counted", n, f.knocks.count())
	}
}

// TestRoomsBound: at the bound a room goes that nobody started, or else one where nobody knocked for long. A room that
// nobody started takes the place of no other that somebody did.
func TestRoomsBound(t *testing.T) {
	var k knocks
	add := func(kind string, n int, started bool, after time.Duration) {
		for i := range n {
			k.add(fmt.Sprint(kind, i), "alice@h", "", started, evening.Add(after), evening.Add(after))
		}
	}
	want := func(kind string, n int) {
		t.Helper()
		for i := range n {
			if room := fmt.Sprint(kind, i); len(k.list(room)) != 1 {
				t.Errorf("%s is not kept", room)
			}
		}
		if len(k.rooms) != knockRooms || k.count() != knockRooms {
			t.Errorf("%d rooms and %d knocks are kept", len(k.rooms), k.count())
		}
	}
	add("started", 100, true, 0)
	add("young", 100, false, 2*time.Hour)
	add("old", knockRooms-200, false, time.Hour)
	add("younger", 100, false, 3*time.Hour)
	want("young", 100)
	want("younger", 100)
	add("more", 200, true, 3*time.Hour)
	want("more", 200)
	want("started", 100)
	add("all", knockRooms, true, 4*time.Hour)
	add("even more", 2*knockRooms, true, 5*time.Hour)
	want("even more", 0)
	if k.add("x", "mallory@guest", "", false, evening.Add(6*time.Hour), evening.Add(6*time.Hour)) != TellNothing || len(k.list("x")) != 0 {
		t.Error("a room that nobody started takes the place of one that somebody did")
	}
	if k.add("standup", "bob@h", "", true, evening.Add(6*time.Hour), evening.Add(6*time.Hour)) != TellPerson || len(k.list("standup")) != 1 {
		t.Errorf("standup: %v", k.list("standup"))
	}
	want("x", 0)
}
