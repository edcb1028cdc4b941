package lobby

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// knows is what a lobby would tell another usher, in order.
func (f *fixture) knows() string {
	entries, verdicts := f.Known()
	return fmt.Sprint(slices.SortedFunc(entries, func(a, b Entry) int { return cmp.Or(cmp.Compare(a.JID, b.JID), cmp.Compare(a.Room, b.Room)) }),
		slices.SortedFunc(verdicts, func(a, b Verdict) int { return cmp.Or(cmp.Compare(a.Room, b.Room), cmp.Compare(a.JID, b.JID)) }))
}

// hear tells f all that another lobby knows.
func (f *fixture) hear(t interface{ Fatal(...any) }, ctx interface{ Context() context.Context }, from *fixture) Learned {
	entries, verdicts := from.Known()
	got, err := f.Learn(ctx.Context(), slices.Collect(entries), slices.Collect(verdicts))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestLearnConverges: whatever was done at which of three ushers, with clocks that differ, and whoever has heard what
// when: in the end, when each has heard of each, all know the same and let the same accounts in, also after a restart.
func TestLearnConverges(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		ushers := make([]*fixture, 3)
		for i := range ushers {
			ushers[i] = &fixture{store: newFakeStore(State{}), now: evening.Add(time.Duration(i) * time.Second), shared: true}
			ushers[i].restart(t)
		}
		one := func(name string) *fixture { return ushers[rapid.IntRange(0, 2).Draw(r, name)] }
		jid := func() string { return rapid.SampledFrom([]string{"a@h", "b@h", "h"}).Draw(r, "jid") }
		r.Repeat(map[string]func(*rapid.T){
			"allow": func(*rapid.T) {
				_ = one("at").Allow(t.Context(), Entry{JID: jid(), Note: rapid.SampledFrom([]string{"", "x", "y"}).Draw(r, "note")})
			},
			"remove": func(*rapid.T) { _ = one("at").Remove(t.Context(), EntryKey{JID: jid()}) },
			"decide": func(*rapid.T) {
				f, who := one("at"), jid()
				f.Knock("r@c", who, "", true)
				_, _ = f.Decide(t.Context(), Verdict{Room: "r@c", JID: who, Admitted: rapid.Bool().Draw(r, "admitted")})
			},
			"hear":    func(*rapid.T) { one("who").hear(r, t, one("of")) },
			"restart": func(*rapid.T) { one("who").restart(t) },
			"pass": func(*rapid.T) {
				one("who").now = evening.Add(rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute}).Draw(r, "now"))
			},
		})
		for range 2 {
			for _, f := range ushers {
				for _, from := range ushers {
					f.hear(r, t, from)
				}
			}
		}
		for _, f := range ushers[1:] {
			if f.knows() != ushers[0].knows() {
				r.Fatalf("one knows %s, another %s", f.knows(), ushers[0].knows())
			}
			if f.restart(t); f.knows() != ushers[0].knows() {
				r.Fatalf("after a restart it knows %s, another %s", f.knows(), ushers[0].knows())
			}
			for _, who := range []string{"a@h", "b@h", "c@h"} {
				room := Room{JID: "r@c"}
				if got, want := f.Standing(room, who), ushers[0].Standing(room, who); got != want {
					r.Fatalf("%s is %v at one and %v at another", who, got, want)
				}
			}
		}
	})
}

// TestLearned: what was learned is no change of this usher's own, is told of once, and is bounded.
func TestLearned(t *testing.T) {
	a := &fixture{store: newFakeStore(State{}), now: evening, shared: true}
	b := &fixture{store: newFakeStore(State{}), now: evening, shared: true}
	a.restart(t)
	b.restart(t)
	if err := a.Allow(t.Context(), Entry{JID: "a@h"}); err != nil {
		t.Fatal(err)
	}
	if got := b.hear(t, t, a); !slices.Equal(got.Changed, []string{"a@h"}) || b.store.learned != 1 || b.store.writes != 1 {
		t.Errorf("changed %q, with %d of %d writes learned", got.Changed, b.store.learned, b.store.writes)
	}
	if got := b.hear(t, t, a); len(got.Changed) != 0 || b.store.writes != 1 || len(got.Entries) != 1 {
		t.Errorf("heard twice: %+v", got)
	}
	b.store.fail = errDisk
	if err := a.Allow(t.Context(), Entry{JID: "b@h"}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Learn(t.Context(), []Entry{{JID: "b@h", At: evening}}, nil); err == nil || len(b.List()) != 1 {
		t.Errorf("what could not be written is in force, or no error: %v", err)
	}
	b.store.fail = nil
	odd := []Entry{{JID: "a b@h", At: evening}, {JID: "", At: evening}, {JID: "c@h", Until: evening.Add(-time.Hour), At: evening}}
	if got, err := b.Learn(t.Context(), odd, []Verdict{{Room: "r c", JID: "x@h", At: evening}}); err != nil || len(got.Changed) > 0 {
		t.Errorf("odd ones are taken: %+v, %v", got, err)
	}
	many := make([]Entry, maxLearned+10)
	for i := range many {
		many[i] = Entry{JID: fmt.Sprintf("user%d@h", i), At: evening}
	}
	if _, err := b.Learn(t.Context(), many, nil); err != nil || len(b.List()) > maxLearned {
		t.Errorf("%d entries, %v", len(b.List()), err)
	}
}

// TestRemovedForgotten: a removal is remembered for its time, also over a restart, and then gone from the state.
func TestRemovedForgotten(t *testing.T) {
	f := &fixture{store: newFakeStore(State{}), now: evening, shared: true}
	f.restart(t)
	if err := f.Allow(t.Context(), Entry{JID: "a@h"}); err != nil {
		t.Fatal(err)
	}
	old, _ := f.Known()
	said := slices.Collect(old)
	if err := f.Remove(t.Context(), EntryKey{JID: "a@h"}); err != nil {
		t.Fatal(err)
	}
	for _, step := range []func(){func() {}, func() { f.restart(t) }, func() { f.now = f.now.Add(TombstoneLasts - time.Minute); f.Sweep(t.Context()) }} {
		step()
		if got, err := f.Learn(t.Context(), said, nil); err != nil || len(f.List()) > 0 || !got.Entries[0].Gone {
			t.Fatalf("it is back: %+v, %v", got, err)
		}
	}
	f.now = f.now.Add(time.Hour)
	f.Sweep(t.Context())
	if len(f.store.entries) > 0 {
		t.Errorf("kept for ever: %v", f.store.entries)
	}
}

// TestHearKnock: who waits at one usher waits at the others, and can be admitted there, until it has come in.
func TestHearKnock(t *testing.T) {
	var said []Waiting
	a := New(newFakeStore(State{}), Options{Now: func() time.Time { return evening }, Shared: true, Knocked: func(w Waiting) { said = append(said, w) }})
	b := New(newFakeStore(State{}), Options{Now: func() time.Time { return evening }, Shared: true})
	for range 3 {
		a.Knock("r@c", "guest@h", "Bob", true)
	}
	if len(said) != 1 {
		t.Errorf("told %d times of three tries in a moment", len(said))
	}
	b.HearKnock(said[0])
	b.HearKnock(Waiting{Room: "r c", JID: "guest@h", Waits: true})
	if list := b.Knocks(""); len(list) != 1 || list[0].Name != "Bob" || !b.Knocked("r@c", "guest@h") {
		t.Errorf("%+v", list)
	}
	a.CameIn("r@c", "guest@h")
	b.HearKnock(said[1])
	if len(said) != 2 || len(b.Knocks("")) != 0 {
		t.Errorf("it waits still: %+v, %+v", said, b.Knocks(""))
	}
}
