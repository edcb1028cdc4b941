package sessions

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"usher/internal/guard"
	"usher/moderation"
)

// newWaiting has a room that lets in nobody but members, and counts how often the lock is taken.
func newWaiting(t *testing.T) (s *Sessions, taken *atomic.Int64) {
	t.Helper()
	p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: "h", MUC: []string{"muc"}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	rooms := []moderation.Room{{JID: "hall@muc", Started: true, MembersOnly: true}}
	if s, err = New(t.Context(), &loadedStore{rooms: rooms}, p, Options{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	taken = new(atomic.Int64)
	s.mu.Meter = &guard.Meter{Taken: func() { taken.Add(1) }, LetGo: func() {}}
	return s, taken
}

// TestNothingPolls: whoever waits for a room to let an account in, or to be closed, does nothing meanwhile, and goes on at
// the very moment: when the membership has settled, or when the room is another.
func TestNothingPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, taken := newWaiting(t)
		began := time.Now()
		took := make([]time.Duration, 256)
		var all sync.WaitGroup
		for i := range took {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if !s.Rooms().AwaitLetIn(ctx, moderation.AssignmentKey{Room: "hall@muc", JID: fmt.Sprintf("g%d@h", i)}) {
					t.Errorf("%d is not let in", i)
				}
				took[i] = time.Since(began)
			})
		}
		time.Sleep(50*time.Second + time.Millisecond)
		if n := taken.Load(); n > 3*256 {
			t.Errorf("the lock was taken %d times by 256 who wait", n)
		}
		for i := range 254 {
			g := &moderation.Assignment{Room: "hall@muc", JID: fmt.Sprintf("g%d@h", i), Affiliation: moderation.Member, Lobby: true, Confirmed: true, At: s.now()}
			if err := s.Rooms().Note(g, nil, 0); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		if n := taken.Load(); n > 10*256 {
			t.Errorf("the lock was taken %d times in the end", n)
		}
		synctest.Wait()
		for _, d := range slices.Compact(slices.Clone(took[:254])) {
			if d != 50*time.Second+time.Millisecond+MembershipSettles {
				t.Errorf("some were let in after %v", d)
			}
		}
		s.Rooms().SetMembersOnly(t.Context(), "hall@muc", 0, false, 0)
		all.Wait()
		if took[254] != took[255] || took[254] != 51*time.Second+time.Millisecond {
			t.Errorf("the others were let in after %v, %v", took[254], took[255])
		}
		if len(s.waits) > 0 {
			t.Errorf("%d rooms are waited for", len(s.waits))
		}
	})
}
