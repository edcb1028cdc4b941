package reconcile_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/sessions"
)

// turningRooms counts how often a reconciler begins to wait: it looks for a new connection each time.
type turningRooms struct {
	*rooms
	turns atomic.Int64
}

func (r *turningRooms) Connected() <-chan struct{} {
	r.turns.Add(1)
	return r.rooms.Connected()
}

// TestIdle: while no room is due, or no component connected, nothing wakes the reconciler; a room that is due does so a
// few times, and at once when an account is revoked.
func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &turningRooms{rooms: newRooms(t, moderationtest.InOrder, 0)}
		f := newFixture(t, moderationtest.State{})
		defer f.Act(t, r)()
		woken := func(name string, within time.Duration, most int64) {
			t.Helper()
			synctest.Wait()
			before := r.turns.Load()
			time.Sleep(within)
			synctest.Wait()
			if n := r.turns.Load() - before; n > most {
				t.Errorf("%s: woken %d times in %v, want at most %d", name, n, within, most)
			}
		}
		woken("no room", 24*time.Hour, 0)
		f.Moderator(t, "alice", "standup")
		f.Joins(t, "alice@"+host, standup, moderation.ReasonToken)
		r.enter(standup, "alice@"+host)
		woken("a join", time.Minute, 8)
		woken("nothing happens", 24*time.Hour, 0)
		r.Forget()
		if _, err := f.Revoke(t.Context(), sessions.Target{Account: "alice"}, false); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // and no time passes
		if sets := r.set(); len(sets) == 0 {
			t.Error("a revocation waits")
		}
		r.Renumber(0)
		f.Moderator(t, "bob", "standup")
		f.Joins(t, "bob@"+host, standup, moderation.ReasonToken)
		woken("no connection", 24*time.Hour, 1)
		r.Forget()
		r.Connect(2)
		time.Sleep(time.Second)
		if sets := r.set(); len(sets) != 1 || sets[0] != "bob@"+host+" owner" {
			t.Errorf("on the next connection: %q", sets)
		}
	})
}
