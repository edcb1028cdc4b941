package sessions

import (
	"context"
	"fmt"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"usher/auth"
	"usher/moderation"
)

// A slowStore takes as long for a change as it is told to.
type slowStore struct {
	applied []Change
	before  func(Change)
}

func (s *slowStore) LoadRevocations(context.Context) ([]moderation.Revocation, error) {
	return nil, nil
}

func (s *slowStore) LoadRooms(context.Context) ([]moderation.Room, []moderation.Assignment, error) {
	return nil, nil, nil
}

func (s *slowStore) Sessions(context.Context) iter.Seq2[moderation.Session, error] {
	return func(func(moderation.Session, error) bool) {}
}

func (s *slowStore) Apply(_ context.Context, changes ...Change) error {
	if s.before != nil {
		s.before(changes[0])
	}
	s.applied = append(s.applied, changes...)
	return nil
}

func (s *slowStore) Learn(ctx context.Context, changes ...Change) error {
	return s.Apply(ctx, changes...)
}

func (s *slowStore) Sync(context.Context) error { return nil }

func (s *slowStore) Close() error { return nil }

// loadedStore keeps nothing, and has rooms at first.
type loadedStore struct {
	slowStore
	rooms []moderation.Room
}

func (l *loadedStore) LoadRooms(context.Context) ([]moderation.Room, []moderation.Assignment, error) {
	return l.rooms, nil, nil
}

func (l *loadedStore) Apply(context.Context, ...Change) error { return nil }

func newSlowSessions(t *testing.T, store Store, now time.Time) *Sessions {
	t.Helper()
	p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: "h"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return newSmallSessions(t, store, p, now, UsualLimits())
}

func newSmallSessions(t *testing.T, store Store, p *moderation.Policy, now time.Time, b Limits) *Sessions {
	t.Helper()
	s, err := New(t.Context(), store, p, Options{Now: func() time.Time { return now }, Limits: b})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *Sessions) stream(t *testing.T, account string) {
	t.Helper()
	id := auth.Identity{Host: "h", Account: account, Random: true, TokenPrint: "t1"}
	if _, err := s.Record(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := s.Remember(t.Context(), "h", account, "t1", "stream of "+account); err != nil {
		t.Fatal(err)
	}
}

// TestResumableBounded: streams go with their sessions, of which one token has so many at most.
func TestResumableBounded(t *testing.T) {
	store := &slowStore{}
	p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: "h"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := UsualLimits()
	b.OfPrincipal = 200
	s := newSmallSessions(t, store, p, time.Unix(1_800_000_000, 0), b)
	for i := range b.OfPrincipal + 50 {
		s.stream(t, fmt.Sprint("drawn", i))
		store.applied = nil
	}
	streams := 0
	for i := range b.OfPrincipal + 50 {
		name := fmt.Sprint("drawn", i)
		account, ok := s.Resumable("h", "t1", "stream of "+name)
		if ok != s.known(moderation.NewID("t1", "h", name)) || ok && account != name {
			t.Fatalf("the stream of %s is that of %q, %v", name, account, ok)
		}
		if ok {
			streams++
		}
	}
	if s.index.Len() != b.OfPrincipal || streams != b.OfPrincipal {
		t.Errorf("%d streams of %d sessions", streams, s.index.Len())
	}
}

// TestRememberWhileUsesAreSaved: the last uses, which were read before a stream was remembered, do not make the state
// forget it.
func TestRememberWhileUsesAreSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Unix(1_800_000_000, 0)
		reading, remembered := make(chan struct{}), make(chan struct{})
		store := &slowStore{}
		s := newSlowSessions(t, store, began)
		s.stream(t, "drawn")
		s.now = func() time.Time { return began.Add(time.Minute) }
		s.index.Get(moderation.NewID("t1", "h", "drawn")).Use(began.Add(time.Second))
		saves := true
		store.before = func(Change) {
			if saves {
				saves = false
				close(reading)
				select {
				case <-remembered:
				case <-time.After(50 * time.Millisecond): // it waits, as it should
				}
			}
		}
		go func() {
			defer close(remembered)
			<-reading
			if err := s.Remember(t.Context(), "h", "drawn", "t1", "another"); err != nil {
				t.Error(err)
			}
		}()
		s.saveUsed(t.Context(), began)
		<-remembered
		last := store.applied[len(store.applied)-1].PutSession
		if want := auth.ResumptionPrint("h", "t1", "another"); last == nil || last.Resumption != want {
			t.Errorf("written last: %+v", last)
		}
	})
}
