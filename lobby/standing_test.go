package lobby

import (
	"slices"
	"testing"
	"time"
)

// TestStanding: an entry is for its JID or for everybody of exactly its host, where its pattern says, as long as it says.
func TestStanding(t *testing.T) {
	f := newFixture(t, State{})
	f.allow(t, "alice@h", "h2", "h3 room=board-*", "bob@h room=Board-*", "bob@h room=secret@"+other, "carol@h until=2026-12-31T19:00:00Z",
		"dave@h2 room=x", "h4 until=2026-12-31T19:00:00Z", "sub.h5")
	for _, row := range []struct {
		room, jid     string
		before, after Standing
	}{
		{"a", "alice@h", ListedJID, ListedJID},
		{"board-1@" + other, "alice@h", ListedJID, ListedJID},
		{"", "alice@h", ListedJID, ListedJID},
		{"a", "alice@h2", ListedDomain, ListedDomain},
		{"a", "alice@sub.h2", Unlisted, Unlisted},
		{"a", "alice@xh2", Unlisted, Unlisted},
		{"a", "alice@h5", Unlisted, Unlisted},
		{"a", "h2@h", Unlisted, Unlisted},
		{"a", "alice", Unlisted, Unlisted},
		{"a", "@", Unlisted, Unlisted},
		{"a", "", Unlisted, Unlisted},
		{"board-1", "ann@h3", ListedDomain, ListedDomain},
		{"board", "ann@h3", Unlisted, Unlisted},
		{"board-1", "bob@h", ListedJID, ListedJID},
		{"secret@" + other, "bob@h", ListedJID, ListedJID},
		{"secret", "bob@h", Unlisted, Unlisted},
		{"x", "dave@h2", ListedJID, ListedJID},
		{"a", "dave@h2", ListedDomain, ListedDomain},
		{"a", "carol@h", ListedJID, Unlisted},
		{"a", "ann@h4", ListedDomain, Unlisted},
		{"a", "eve@h", Unlisted, Unlisted},
	} {
		f.now = evening.Add(time.Hour - 1)
		f.wantStanding(t, row.room, row.jid, row.before)
		f.now = evening.Add(time.Hour)
		f.wantStanding(t, row.room, row.jid, row.after)
	}
	for s, want := range map[Standing]bool{Unlisted: false, Denied: false, ListedDomain: true, ListedJID: true, Admitted: true} {
		if s.Passes() != want {
			t.Errorf("standing %d passes: %v", s, s.Passes())
		}
	}
}

// TestDecide: what was decided last comes before the whitelist, in this room, for a day, and after a restart too.
func TestDecide(t *testing.T) {
	f := newFixture(t, State{})
	f.allow(t, "alice@h", "h2")
	decide := func(jid string, admitted bool) {
		t.Helper()
		v := Verdict{Room: room("a").JID, JID: jid, Admitted: admitted, By: "mod@h", At: evening.Add(time.Hour)} // the time is the lobby's
		f.Knock(v.Room, jid, "", true)
		if _, err := f.Decide(t.Context(), v); err != nil {
			t.Fatal(err)
		}
	}
	decide("alice@h", false)
	decide("ann@h2", false)
	decide("bob@h2", true)
	decide("eve@h", false)
	decide("eve@h", true) // and not the other way
	decide("mallory@h", true)
	decide("mallory@h", false)
	for range 2 {
		f.now = evening.Add(VerdictLasts - 1)
		f.wantStanding(t, "a", "alice@h", Denied)
		f.wantStanding(t, "a", "ann@h2", Denied)
		f.wantStanding(t, "a", "bob@h2", Admitted)
		f.wantStanding(t, "a", "eve@h", Admitted)
		f.wantStanding(t, "a", "mallory@h", Denied)
		f.wantStanding(t, "b", "alice@h", ListedJID)
		f.wantStanding(t, "b", "ann@h2", ListedDomain)
		f.wantStanding(t, "a@"+other, "eve@h", Unlisted)
		f.now = evening.Add(VerdictLasts)
		f.wantStanding(t, "a", "alice@h", ListedJID)
		f.wantStanding(t, "a", "ann@h2", ListedDomain)
		f.wantStanding(t, "a", "bob@h2", ListedDomain)
		f.wantStanding(t, "a", "eve@h", Unlisted)
		f.wantStanding(t, "a", "mallory@h", Unlisted)
		f.restart(t)
	}
	v := f.store.verdicts[VerdictKey{room("a").JID, "eve@h"}]
	if want := (Verdict{Room: room("a").JID, JID: "eve@h", Admitted: true, By: "mod@h", At: evening}); v != want {
		t.Errorf("in the state: %+v, want %+v", v, want)
	}
}

// TestMembers: members are the JIDs that pass in the room, each once; those who were admitted come first.
func TestMembers(t *testing.T) {
	f := newFixture(t, State{})
	f.allow(t, "bob@h", "alice@h room=a*", "alice@h room=*", "carol@h room=b", "dave@h until=2026-12-31T19:00:00Z", "h2", "ann@h2 room=a@"+muc)
	if err := f.Configure([]Entry{{JID: "recorder@h"}}); err != nil {
		t.Fatal(err)
	}
	for _, v := range []Verdict{
		{Room: room("a").JID, JID: "eve@h", Admitted: true}, {Room: room("a").JID, JID: "bob@h", Admitted: true},
		{Room: room("a").JID, JID: "mallory@h"}, {Room: room("b").JID, JID: "zoe@h", Admitted: true},
	} {
		f.Knock(v.Room, v.JID, "", true)
		if _, err := f.Decide(t.Context(), v); err != nil {
			t.Fatal(err)
		}
	}
	f.allow(t, "mallory@h") // and was denied in a
	want := func(after time.Duration, name string, want ...string) {
		t.Helper()
		f.now = evening.Add(after)
		if got := f.Members(room(name), 100); !slices.Equal(got, want) {
			t.Errorf("of %s after %v: %q, want %q", name, after, got, want)
		}
	}
	want(0, "a", "bob@h", "eve@h", "alice@h", "ann@h2", "dave@h", "recorder@h")
	want(0, "b", "zoe@h", "alice@h", "bob@h", "carol@h", "dave@h", "mallory@h", "recorder@h")
	want(0, "a@"+other, "alice@h", "bob@h", "dave@h", "mallory@h", "recorder@h")
	want(time.Hour, "a", "bob@h", "eve@h", "alice@h", "ann@h2", "recorder@h")
	want(VerdictLasts, "a", "alice@h", "ann@h2", "bob@h", "mallory@h", "recorder@h")
	for most, want := range []int{0, 1, 2, 3, 4, 5, 5} {
		if got := f.Members(room("a"), most); len(got) != want {
			t.Errorf("%d of %d members", len(got), most)
		}
	}
}
