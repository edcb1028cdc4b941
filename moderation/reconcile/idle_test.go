package reconcile_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"usher/moderation"
	"usher/moderation/sessions"
)

// turningRooms counts how often a keeper begins to wait: it looks for a new connection each time.
type turningRooms struct {
	*fakeRooms
	turns atomic.Int64
}

func (r *turningRooms) Connected() <-chan struct{} {
	r.turns.Add(1)
	return r.fakeRooms.Connected()
}

// TestKeeperSleeps: while no room is due, or no component connected, nothing wakes the keeper; a room that is due does so
// a few times, and at once when somebody is revoked.
func TestKeeperSleeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &turningRooms{fakeRooms: newFakeRooms(0)}
		f := newFixture(t, sessions.State{})
		defer run(t, f.connect(r))()
		woken := func(name string, for_ time.Duration, most int64) {
			t.Helper()
			synctest.Wait()
			before := r.turns.Load()
			time.Sleep(for_)
			synctest.Wait()
			if n := r.turns.Load() - before; n > most {
				t.Errorf("%s: woken %d times in %v, want at most %d", name, n, for_, most)
			}
		}
		woken("no room", 24*time.Hour, 0)
		f.moderator(t, "alice", "standup")
		f.Joins(t, "alice@"+host, "standup@"+conference, moderation.ReasonToken)
		r.enter("alice@" + host)
		woken("a join", time.Minute, 8)
		woken("nothing happens", 24*time.Hour, 0)
		r.change(func() { r.sets = nil })
		if _, err := f.Revoke(t.Context(), sessions.Target{Account: "alice"}, false); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // and no time passes
		if _, sets := r.seen(); len(sets) == 0 {
			t.Error("a revocation waits")
		}
		r.change(func() { r.connection = 0 })
		f.moderator(t, "bob", "standup")
		f.Joins(t, "bob@"+host, "standup@"+conference, moderation.ReasonToken)
		woken("no connection", 24*time.Hour, 1)
		r.change(func() { r.connection, r.sets = 2, nil })
		r.connected <- struct{}{}
		time.Sleep(time.Second)
		if _, sets := r.seen(); len(sets) != 1 || sets[0] != "bob@"+host+" owner" {
			t.Errorf("on the next connection: %q", sets)
		}
	})
}
