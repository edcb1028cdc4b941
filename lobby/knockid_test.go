package lobby

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"
)

// idOf is the ID of the wait of an account in a room.
func idOf(t *testing.T, l *Lobby, room, jid string) string {
	t.Helper()
	for _, k := range l.Knocks(room) {
		if k.JID == jid {
			return k.ID
		}
	}
	t.Fatalf("%s does not wait in %s", jid, room)
	return ""
}

// TestKnockID: a wait has one ID however often the account tries, and no other has it: neither another account's or
// room's, nor a later one of the same account.
func TestKnockID(t *testing.T) {
	f := newFixture(t, State{})
	a, b := room("a").JID, room("b").JID
	seen := map[string]string{}
	note := func(room, jid, what string) string {
		t.Helper()
		id := idOf(t, f.Lobby, room, jid)
		if other := seen[id]; other != "" || len(id) != KnockIDLength {
			t.Errorf("%s has the ID %q, as has %s", what, id, other)
		}
		seen[id] = what
		return id
	}
	f.Knock(a, "bob@h", "Bob", true)
	f.Knock(a, "carol@h", "Carol", true)
	f.Knock(b, "bob@h", "Bob", true)
	first := note(a, "bob@h", "bob in a")
	note(a, "carol@h", "carol in a")
	note(b, "bob@h", "bob in b")
	f.now = f.now.Add(time.Minute)
	f.Knock(a, "bob@h", "Robert", true)
	if again := idOf(t, f.Lobby, a, "bob@h"); again != first {
		t.Errorf("after another try %s, before %s", again, first)
	}
	f.CameIn(a, "bob@h")
	f.Knock(a, "bob@h", "Bob", true)
	note(a, "bob@h", "bob in a, later")
}

// TestDecideKnock: a decision about a wait is about that one alone: not in another room, not after it is over, and not
// about a later one of the same account.
func TestDecideKnock(t *testing.T) {
	f := newFixture(t, State{})
	a, b := room("a").JID, room("b").JID
	f.Knock(a, "bob@h", "Bob", true)
	f.Knock(b, "carol@h", "Carol", true)
	bob, carol := idOf(t, f.Lobby, a, "bob@h"), idOf(t, f.Lobby, b, "carol@h")
	for _, id := range []string{carol, "", "0000000000000000", bob[1:], "bob@h"} {
		if _, _, err := f.DecideKnock(t.Context(), id, Verdict{Room: a, Admitted: true}); !errors.Is(err, ErrKnockOver) {
			t.Errorf("%q in a: %v", id, err)
		}
	}
	v, news, err := f.DecideKnock(t.Context(), bob, Verdict{Room: a, Admitted: true, By: "alice@h"})
	if err != nil || !news || v.JID != "bob@h" || f.Standing(room("a"), "bob@h") != Admitted {
		t.Errorf("%+v, %v: %v", v, news, err)
	}
	if _, _, err = f.DecideKnock(t.Context(), bob, Verdict{Room: a}); !errors.Is(err, ErrKnockOver) ||
		f.Standing(room("a"), "bob@h") != Admitted {
		t.Errorf("the second decision: %v", err)
	}
	f.now = f.now.Add(time.Second)
	f.Knock(a, "bob@h", "Bob", true)
	if _, _, err = f.DecideKnock(t.Context(), bob, Verdict{Room: a}); !errors.Is(err, ErrKnockOver) {
		t.Errorf("of an earlier wait: %v", err)
	}
	if f.KnockWaits(a, bob) || !f.KnockWaits(b, carol) || f.KnockWaits(a, carol) {
		t.Error("who waits is not so")
	}
}

// TestDecideKnockAtOnce: of two who decide about one wait at the same moment one does.
func TestDecideKnockAtOnce(t *testing.T) {
	f := newFixture(t, State{})
	a := room("a").JID
	for range 50 {
		f.now = f.now.Add(time.Second)
		f.Knock(a, "bob@h", "Bob", true)
		id := idOf(t, f.Lobby, a, "bob@h")
		var both sync.WaitGroup
		done := make(chan error, 2)
		for _, admit := range []bool{true, false} {
			both.Go(func() {
				_, _, err := f.DecideKnock(t.Context(), id, Verdict{Room: a, Admitted: admit})
				done <- err
			})
		}
		both.Wait()
		if first, second := <-done, <-done; (first == nil) == (second == nil) {
			t.Fatalf("%v, %v", first, second)
		}
	}
}

// TestKnockIDOfAll: ushers of a cell call a wait the same, whichever saw the account first, and whatever their clocks
// say; one that is told nothing of the moment, or of one far ahead, takes its own.
func TestKnockIDOfAll(t *testing.T) {
	a := room("a").JID
	var ushers [2]*Lobby
	var said [2][]Waiting
	now := evening
	for i := range ushers {
		ushers[i] = New(newFakeStore(State{}), Options{Now: func() time.Time { return now.Add(time.Duration(i) * 700 * time.Millisecond) },
			Knocked: func(w Waiting) { said[i] = append(said[i], w) }})
	}
	hear := func() {
		for i, list := range said {
			for _, w := range list {
				var told Waiting
				if said, err := json.Marshal(w); err != nil || json.Unmarshal(said, &told) != nil {
					t.Fatal(err)
				}
				ushers[1-i].HearKnock(told)
			}
			said[i] = nil
		}
	}
	ushers[0].Knock(a, "bob@h", "Bob", true)
	hear()
	now = now.Add(time.Second)
	ushers[1].Knock(a, "carol@h", "Carol", true)
	now = now.Add(time.Millisecond)
	ushers[0].Knock(a, "carol@h", "Carol", true) // before it has heard of the other
	hear()
	for _, jid := range []string{"bob@h", "carol@h"} {
		if x, y := idOf(t, ushers[0], a, jid), idOf(t, ushers[1], a, jid); x != y {
			t.Errorf("%s waits as %s and as %s", jid, x, y)
		}
	}
	for _, since := range []time.Time{{}, now.Add(time.Hour)} {
		ushers[0].HearKnock(Waiting{Room: a, JID: "dave@h", Waits: true, Since: since})
		if k := ushers[0].Knocks(a)[2]; !k.First.Equal(now) {
			t.Errorf("told %v it waits since %v", since, k.First)
		}
		ushers[0].CameIn(a, "dave@h")
	}
}
