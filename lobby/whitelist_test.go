package lobby

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// TestAllow: an entry is in force at once and after a restart, replaces the one of its JID and room, and can be taken
// off.
func TestAllow(t *testing.T) {
	f := newFixture(t, State{})
	f.allow(t, "bob@h", "alice@h", "alice@h room=x", "h2 # ours", "alice@h until=2026-12-31T19:00:00Z # again")
	f.wantTold(t, "alice@h", "bob@h", "h2")
	const all = "alice@h room=x; alice@h until=2026-12-31T19:00:00Z # again; bob@h; h2 # ours"
	f.wantList(t, all)
	f.now = evening.Add(time.Hour)
	f.wantStanding(t, "a", "alice@h", Unlisted)
	f.now = evening
	f.restart(t)
	f.wantList(t, all)
	for _, key := range []EntryKey{{"bob@h", ""}, {"h2", ""}, {"alice@h", "x"}} {
		if err := f.Remove(t.Context(), key); err != nil {
			t.Errorf("%v: %v", key, err)
		}
		f.wantTold(t, key.JID)
		if err := f.Remove(t.Context(), key); !errors.Is(err, ErrUnknown) {
			t.Errorf("%v once more: %v", key, err)
		}
	}
	f.wantTold(t)
	f.wantList(t, "alice@h until=2026-12-31T19:00:00Z # again")
	f.wantStanding(t, "x", "ann@h2", Unlisted)
	f.wantStanding(t, "x", "alice@h", ListedJID)
	f.now = evening.Add(time.Hour)
	f.wantStanding(t, "x", "alice@h", Unlisted)
	f.wantList(t, "")
	f.restart(t)
	f.wantList(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Allow(ctx, Entry{JID: "bob@h"}); err != nil || len(f.store.entries) != 2 {
		t.Errorf("who allowed him has hung up: %v, %v are in the state", err, f.store.entries)
	}
}

// TestAllowBad: what is no entry changes nothing.
func TestAllowBad(t *testing.T) {
	f := newFixture(t, State{})
	for _, e := range []Entry{{}, {JID: "a@b@c"}, {JID: "alice@h/phone"}, {JID: "alice@h", Room: "a/b"}, {JID: "alice@h", Note: "\n"}} {
		if err := f.Allow(t.Context(), e); err == nil {
			t.Errorf("%+v is on the whitelist", e)
		}
		if err := f.Configure([]Entry{{JID: "bob@h"}, e}); err == nil {
			t.Errorf("%+v is in the configuration", e)
		}
	}
	f.wantTold(t)
	f.wantList(t, "")
	if len(f.store.entries) != 0 {
		t.Errorf("%v are in the state", f.store.entries)
	}
}

// TestConfigure: what is of the configuration is changed there, and only there; the rest stays beside it.
func TestConfigure(t *testing.T) {
	f := newFixture(t, State{})
	f.allow(t, "alice@h", "bob@h room=x")
	f.told = nil
	configure := func(entries ...Entry) {
		t.Helper()
		if err := f.Configure(entries); err != nil {
			t.Fatal(err)
		}
	}
	configure(Entry{JID: "bob@h"}, Entry{JID: "h2", Room: "board-*", Note: "ours"})
	f.wantTold(t, "bob@h", "h2")
	f.wantList(t, "alice@h; bob@h (fixed); bob@h room=x; h2 room=board-* # ours (fixed)")
	f.wantStanding(t, "board-1", "ann@h2", ListedDomain)
	f.wantStanding(t, "a", "bob@h", ListedJID)
	for _, key := range []EntryKey{{"bob@h", ""}, {"h2", "board-*"}} {
		if err := f.Allow(t.Context(), Entry{JID: key.JID, Room: key.Room, Until: f.now}); !errors.Is(err, ErrFixed) {
			t.Errorf("%v is replaced: %v", key, err)
		}
		if err := f.Remove(t.Context(), key); !errors.Is(err, ErrFixed) {
			t.Errorf("%v is removed: %v", key, err)
		}
	}
	f.allow(t, "h2 room=x") // another entry of the same host
	f.told = nil
	if len(f.store.entries) != 3 {
		t.Errorf("%v are in the state", f.store.entries)
	}
	if err := f.Configure([]Entry{{JID: "carol@h"}, {JID: "@"}}); err == nil {
		t.Error("a broken configuration is in force")
	}
	f.wantTold(t)
	f.wantList(t, "alice@h; bob@h (fixed); bob@h room=x; h2 room=board-* # ours (fixed); h2 room=x")
	configure(Entry{JID: "carol@h"})
	f.wantTold(t, "bob@h", "carol@h", "h2")
	f.wantList(t, "alice@h; bob@h room=x; carol@h (fixed); h2 room=x")
	f.wantStanding(t, "board-1", "ann@h2", Unlisted)
	f.wantStanding(t, "a", "bob@h", Unlisted)
	f.wantStanding(t, "x", "bob@h", ListedJID)
	f.allow(t, "bob@h")
	if err := f.Remove(t.Context(), EntryKey{"bob@h", ""}); err != nil { // no longer of the configuration
		t.Error(err)
	}
	configure()
	f.wantList(t, "alice@h; bob@h room=x; h2 room=x")
	f.restart(t)
	f.wantList(t, "alice@h; bob@h room=x; h2 room=x")
}

// TestStateFails: nobody passes whom a restart would keep out; but whoever is taken off is off.
func TestStateFails(t *testing.T) {
	f := newFixture(t, State{})
	f.allow(t, "alice@h # first", "bob@h")
	f.Knock(room("a").JID, "carol@h", "Carol", true)
	f.told = nil
	f.store.fail = errDisk
	for _, e := range []Entry{{JID: "alice@h", Note: "second"}, {JID: "carol@h"}} {
		if err := f.Allow(t.Context(), e); !errors.Is(err, errDisk) {
			t.Errorf("%s: %v", e, err)
		}
	}
	for _, admitted := range []bool{true, false} {
		if _, err := f.Decide(t.Context(), Verdict{Room: room("a").JID, JID: "carol@h", Admitted: admitted}); !errors.Is(err, errDisk) {
			t.Errorf("admitted %v: %v", admitted, err)
		}
		f.wantStanding(t, "a", "carol@h", Unlisted)
	}
	f.wantTold(t)
	f.wantList(t, "alice@h # first; bob@h")
	if len(f.Knocks("")) != 1 {
		t.Errorf("who knocks: %v", f.Knocks(""))
	}
	if err := f.Remove(t.Context(), EntryKey{"bob@h", ""}); !errors.Is(err, errDisk) {
		t.Error(err)
	}
	f.wantTold(t, "bob@h")
	f.wantStanding(t, "a", "bob@h", Unlisted)
	f.wantList(t, "alice@h # first")
	f.store.fail = nil
	f.allow(t, "carol@h")
	f.wantList(t, "alice@h # first; carol@h")
}

// TestFull: the whitelist is bounded. What is on it can be replaced all the same, and makes place when it is removed.
func TestFull(t *testing.T) {
	var state State
	for i := range MaxEntries - 1 {
		state.Entries = append(state.Entries, Entry{JID: fmt.Sprint("user", i, "@h")})
	}
	f := newFixture(t, state)
	f.allow(t, "last@h")
	f.told = nil
	if err := f.Allow(t.Context(), Entry{JID: "alice@h"}); !errors.Is(err, ErrFull) {
		t.Errorf("one more: %v", err)
	}
	f.wantTold(t)
	f.allow(t, "user7@h # again")
	if err := f.Remove(t.Context(), EntryKey{"user8@h", ""}); err != nil {
		t.Error(err)
	}
	f.allow(t, "alice@h")
	if err := f.Allow(t.Context(), Entry{JID: "bob@h"}); !errors.Is(err, ErrFull) {
		t.Errorf("one more: %v", err)
	}
	if len(f.List()) != 10_000 || len(f.store.entries) != 10_000 {
		t.Errorf("%d are on the whitelist, %d in the state", len(f.List()), len(f.store.entries))
	}
}

// TestConfigureHides: an entry of the configuration takes nothing from an operator's of the same key.
func TestConfigureHides(t *testing.T) {
	f := newFixture(t, State{})
	f.allow(t, "alice@h")
	for _, fixed := range [][]Entry{{{JID: "alice@h"}}, nil} {
		if err := f.Configure(fixed); err != nil {
			t.Fatal(err)
		}
		f.wantStanding(t, "a", "alice@h", ListedJID)
	}
	if err := f.Configure([]Entry{{JID: "alice@h"}}); err != nil {
		t.Fatal(err)
	}
	if err := f.Remove(t.Context(), EntryKey{JID: "alice@h"}); err != nil {
		t.Errorf("removing the operator's: %v", err)
	}
	if err := f.Remove(t.Context(), EntryKey{JID: "alice@h"}); !errors.Is(err, ErrFixed) {
		t.Errorf("removing the configuration's: %v", err)
	}
	if len(f.store.entries) != 0 {
		t.Errorf("the state keeps %v", f.store.entries)
	}
}

// TestRemoveAgain: what could not be deleted from the state is off, and is deleted by trying again, or by the next sweep.
func TestRemoveAgain(t *testing.T) {
	for _, again := range []string{"remove", "sweep"} {
		f := newFixture(t, State{})
		f.allow(t, "alice@h")
		f.store.fail = errDisk
		if err := f.Remove(t.Context(), EntryKey{JID: "alice@h"}); !errors.Is(err, errDisk) {
			t.Errorf("%s: %v", again, err)
		}
		f.wantStanding(t, "a", "alice@h", Unlisted)
		f.store.fail = nil
		if again == "sweep" {
			f.Sweep(t.Context())
		} else if err := f.Remove(t.Context(), EntryKey{JID: "alice@h"}); err != nil {
			t.Errorf("again: %v", err)
		}
		if len(f.store.entries) != 0 {
			t.Errorf("%s: the state keeps %v", again, f.store.entries)
		}
	}
}
