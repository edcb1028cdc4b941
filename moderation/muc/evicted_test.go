package muc_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"usher/moderation/moderationtest"
	"usher/moderation/sessions"
)

// TestEvictedRoomsAreForgotten: rooms that had to make place go from the state with the next sweep, or at the stop, and not
// at some time after it.
func TestEvictedRoomsAreForgotten(t *testing.T) {
	if testing.Short() {
		t.Skip("fifty thousand rooms")
	}
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, moderationtest.State{})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- f.Run(ctx) }()
		f.Login(t, f.Identity("alice", "t", "*"))
		const more = 100
		kept := map[string]bool{}
		f.Store.Log(func(c sessions.Change) {
			if c.PutRoom != nil {
				kept[c.PutRoom.JID] = true
			}
			if c.DeleteRoom != nil {
				delete(kept, c.DeleteRoom.JID)
			}
		})
		for i := range 50_000 + more {
			f.Join(t.Context(), "alice@"+host, time.Duration(i).String()+"@"+conference, "a")
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if len(kept) != 50_000 {
			t.Errorf("%d rooms in the state", len(kept))
		}
	})
}
