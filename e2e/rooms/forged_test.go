package rooms

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/e2e/world"
)

// TestRoomsForgedAnswers: guests who send answers to whatever usher may have asked do not keep a revoked occupant in
// the room, and do not make usher take anything for granted.
func TestRoomsForgedAnswers(t *testing.T) {
	world.Each(t, world.Options{}, func(t *testing.T, w *world.World) {
		r := world.Room("forged")
		alice := w.Moderator(t, "alice", "forged")
		alice.JoinsAs(r, "moderator/owner")
		mallory := w.Moderator(t, "mallory", "forged")
		mallory.JoinsAs(r, "moderator/owner")
		ctx, stop := context.WithCancel(t.Context())
		var forging sync.WaitGroup
		defer forging.Wait()
		defer stop()
		var sent atomic.Int64
		for i := range 2 {
			guest := w.Guest(t)
			forging.Go(func() {
				kind := []string{"result", "error"}[i]
				for n := uint64(1); ctx.Err() == nil; n = n%400 + 1 {
					sent.Add(1)
					if guest.Answers(kind, world.UsherJID, "u"+strconv.FormatUint(n, 36)) != nil {
						return
					}
				}
			})
		}
		for sent.Load() < 2*400 && t.Context().Err() == nil { // each number once by both, as far as their connections go
			time.Sleep(time.Millisecond)
		}
		w.Usher.Run(t, "sessions", "revoke", "mallory@"+world.Meet)
		began := time.Now()
		if err := mallory.Become(world.Within(t), r, ""); err != nil {
			t.Errorf("the revoked occupant is still there after %v: %v", time.Since(began), err)
		}
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("the revoked occupant left after %v", took)
		}
		w.Moderator(t, "bob", "forged").JoinsAs(r, "moderator/owner")
	})
}
