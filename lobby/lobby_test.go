package lobby

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var errDisk = errors.New("the disk is full")

// fakeStore keeps everything in memory, and fails when it is told to.
type fakeStore struct {
	mu       sync.Mutex
	entries  map[EntryKey]Entry
	verdicts map[VerdictKey]Verdict
	writes   int
	learned  int
	fail     error
}

func newFakeStore(state State) *fakeStore {
	s := &fakeStore{entries: map[EntryKey]Entry{}, verdicts: map[VerdictKey]Verdict{}}
	for _, e := range state.Entries {
		s.entries[e.Key()] = e
	}
	for _, v := range state.Verdicts {
		s.verdicts[v.key()] = v
	}
	return s
}

func (s *fakeStore) LoadLobby(context.Context) (State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return State{slices.Collect(maps.Values(s.entries)), slices.Collect(maps.Values(s.verdicts))}, s.fail
}

func (s *fakeStore) ApplyLobby(ctx context.Context, changes ...Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes += len(changes)
	if err := cmp.Or(ctx.Err(), s.fail); err != nil {
		return err
	}
	for _, c := range changes {
		switch {
		case c.PutEntry != nil:
			s.entries[c.PutEntry.Key()] = *c.PutEntry
		case c.DeleteEntry != nil:
			delete(s.entries, *c.DeleteEntry)
		case c.PutVerdict != nil:
			s.verdicts[c.PutVerdict.key()] = *c.PutVerdict
		case c.DeleteVerdict != nil:
			delete(s.verdicts, *c.DeleteVerdict)
		default:
			return errors.New("a change of nothing")
		}
	}
	return nil
}

func (s *fakeStore) LearnLobby(ctx context.Context, changes ...Change) error {
	if err := s.ApplyLobby(ctx, changes...); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.learned += len(changes)
	return nil
}

// fixture is a lobby with a clock of its own.
type fixture struct {
	*Lobby
	store  *fakeStore
	now    time.Time
	shared bool     // with other ushers
	told   []string // the JIDs and domains of what was changed
}

func newFixture(t *testing.T, state State) *fixture {
	t.Helper()
	f := &fixture{store: newFakeStore(state), now: evening}
	f.restart(t)
	return f
}

// restart begins anew with what the store has.
func (f *fixture) restart(t *testing.T) {
	t.Helper()
	f.Lobby = New(f.store, Options{Now: func() time.Time { return f.now }, Shared: f.shared})
	if err := f.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Allow, Remove, Sweep and Configure note what they say was changed.
func (f *fixture) Allow(ctx context.Context, e Entry) error {
	err := f.Lobby.Allow(ctx, e)
	if err == nil {
		f.told = append(f.told, e.JID)
	}
	return err
}

func (f *fixture) Remove(ctx context.Context, key EntryKey) error {
	off, err := f.Lobby.Remove(ctx, key)
	if off {
		f.told = append(f.told, key.JID)
	}
	return err
}

func (f *fixture) Sweep(ctx context.Context) { f.told = append(f.told, f.Lobby.Sweep(ctx)...) }

func (f *fixture) Configure(entries []Entry) error {
	p, err := f.Prepare(entries)
	if err != nil {
		return err
	}
	f.told = append(f.told, p.Commit()...)
	return nil
}

// list is the whitelist as text; what is of the configuration is marked.
func (f *fixture) list() []string {
	lines := []string{}
	for _, e := range f.List() {
		line := e.String()
		if e.Fixed {
			line += " (fixed)"
		}
		lines = append(lines, line)
	}
	return lines
}

// wantList compares the whitelist; lines are separated by semicolons.
func (f *fixture) wantList(t *testing.T, want string) {
	t.Helper()
	if got := strings.Join(f.list(), "; "); got != want {
		t.Errorf("on the whitelist: %s\nwant: %s", got, want)
	}
}

// wantTold compares whose changes were told since the last look.
func (f *fixture) wantTold(t *testing.T, want ...string) {
	t.Helper()
	slices.Sort(f.told)
	if got := slices.Compact(f.told); !slices.Equal(got, want) {
		t.Errorf("told of %q, want %q", got, want)
	}
	f.told = nil
}

func (f *fixture) wantStanding(t *testing.T, name, jid string, want Standing) {
	t.Helper()
	if got := f.Standing(room(name), jid); got != want {
		t.Errorf("%s at %s: standing %d, want %d", jid, name, got, want)
	}
}

func (f *fixture) allow(t *testing.T, lines ...string) {
	t.Helper()
	for _, line := range lines {
		e, err := ParseEntry(line)
		if err == nil {
			err = f.Allow(t.Context(), e)
		}
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
}

// TestNew: what the store has is in force, but for entries that are broken; those do not keep the daemon from starting.
func TestNew(t *testing.T) {
	admitted := Verdict{Room: room("a").JID, JID: "eve@h", Admitted: true, At: evening.Add(-time.Hour)}
	f := newFixture(t, State{
		Entries: []Entry{
			{JID: "alice@h"}, {JID: "h2", Room: "Board-*"}, {JID: "bob@h", Until: evening},
			{JID: "a@b@c"}, {JID: "carol@h", Room: "a/b"}, {JID: "dave@h", Note: "two\nlines"}, {},
		},
		Verdicts: []Verdict{admitted, {Room: room("a").JID, JID: "alice@h", At: evening.Add(-VerdictLasts)}},
	})
	f.wantList(t, "alice@h; h2 room=Board-*")
	f.wantStanding(t, "a", "alice@h", ListedJID)
	f.wantStanding(t, "board-1", "ann@h2", ListedDomain)
	f.wantStanding(t, "a", "eve@h", Admitted)
	f.wantStanding(t, "a", "carol@h", Unlisted)
	if len(f.store.entries) != 7 || len(f.store.verdicts) != 2 {
		t.Errorf("%v and %v are in the state", f.store.entries, f.store.verdicts)
	}
	f.wantTold(t)
	f.store.fail = errDisk
	if err := New(f.store, Options{}).Load(t.Context()); !errors.Is(err, errDisk) {
		t.Errorf("from a broken state: %v", err)
	}
}

// TestSweep: what has ended is forgotten in the state too, and told.
func TestSweep(t *testing.T) {
	f := newFixture(t, State{})
	f.allow(t, "alice@h", "bob@h until=2026-12-31T19:00:00Z", "h2 until=2027-01-01T18:00:01Z")
	if err := f.Configure([]Entry{{JID: "carol@h", Until: evening.Add(time.Hour)}}); err != nil {
		t.Fatal(err)
	}
	f.Knock(room("a").JID, "dave@h", "", true)
	if _, err := f.Decide(t.Context(), Verdict{Room: room("a").JID, JID: "dave@h"}); err != nil {
		t.Fatal(err)
	}
	f.Knock(room("a").JID, "eve@h", "Eve", true)
	f.told = nil
	f.Sweep(t.Context())
	f.wantTold(t)
	f.now = evening.Add(time.Hour)
	before := f.store.writes
	f.store.fail = errDisk // is only logged: the next start forgets it again
	f.Sweep(t.Context())
	f.wantTold(t, "bob@h", "carol@h")
	f.store.fail = nil
	if f.store.writes != before+1 {
		t.Errorf("%d changes are asked for; of the configuration nothing is in the state", f.store.writes-before)
	}
	if len(f.whitelist.entries) != 2 || f.verdicts.n != 1 || len(f.Knocks("")) != 0 {
		t.Errorf("after an hour: %v, %v, %v", f.list(), f.verdicts, f.Knocks(""))
	}
	f.restart(t)
	f.now = evening.Add(VerdictLasts)
	f.Sweep(t.Context())
	f.wantTold(t, "bob@h", "dave@h")
	f.wantList(t, "alice@h; h2 until=2027-01-01T18:00:01Z")
	if len(f.store.entries) != 2 || len(f.store.verdicts) != 0 {
		t.Errorf("%v and %v are in the state", f.store.entries, f.store.verdicts)
	}
}

// TestRun: a lobby sweeps by itself, until it is told to end.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(newFakeStore(State{}), Options{})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		var changed []string
		go func() { ended <- l.Run(ctx, func(jids []string) { changed = append(changed, jids...) }) }()
		if err := l.Allow(t.Context(), Entry{JID: "bob@h", Until: time.Now().Add(time.Minute).Truncate(time.Second)}); err != nil {
			t.Fatal(err)
		}
		l.Knock("a@"+muc, "alice@h", "Alice", false)
		time.Sleep(knockLasts - time.Second)
		if len(l.Knocks("")) != 1 {
			t.Error("she is forgotten too soon")
		}
		time.Sleep(2 * sweepEvery)
		if len(l.Knocks("")) != 0 {
			t.Error("she is not forgotten")
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if !slices.Equal(changed, []string{"bob@h"}) {
			t.Errorf("changed: %q", changed)
		}
	})
}

// TestConcurrent is for the race detector: whatever is done at once, both the lists and the state agree in the end.
func TestConcurrent(t *testing.T) {
	s := newFakeStore(State{})
	l := New(s, Options{})
	var all sync.WaitGroup
	for i := range 8 {
		jid := fmt.Sprint("user", i, "@h")
		all.Go(func() {
			for j := range 50 {
				e := Entry{JID: jid, Room: fmt.Sprint("a", j%3)}
				l.Knock("a@"+muc, jid, "", j%2 == 0)
				_, err := l.Decide(t.Context(), Verdict{Room: "a@" + muc, JID: jid, Admitted: true})
				if err := cmp.Or(l.Allow(t.Context(), e), err); err != nil {
					t.Error(err)
				}
				l.Standing(room("a1"), jid)
				l.Members(room("a1"), 5)
				l.Sweep(t.Context())
				l.CameIn("a@"+muc, jid)
				if j%2 == 0 {
					if _, err := l.Remove(t.Context(), e.Key()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	for range 50 {
		if p, err := l.Prepare([]Entry{{JID: "fixed@h"}}); err != nil {
			t.Error(err)
		} else {
			p.Commit()
		}
		l.List()
		l.Knocks("")
		l.KnockedRooms()
	}
	all.Wait()
	if len(l.whitelist.entries) != len(s.entries)+1 || l.verdicts.n != 8 || len(s.verdicts) != 8 || len(l.Knocks("")) != 0 {
		t.Errorf("%d and %d entries, %d and %d verdicts, %v", len(l.whitelist.entries), len(s.entries), l.verdicts.n, len(s.verdicts), l.Knocks(""))
	}
}
