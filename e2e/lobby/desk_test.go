package lobby

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/e2e/world"
)

// TestRoomsStrangersAtTheDesk: guests who send the moderators' command all the time do not keep a moderator from it,
// and leave nothing behind.
func TestRoomsStrangersAtTheDesk(t *testing.T) {
	o := lobbyOf("gate")
	world.Each(t, o, func(t *testing.T, w *world.World) {
		r := world.Room("desk")
		alice := w.Moderator(t, "alice", "desk")
		alice.JoinsAs(r, "moderator/owner")
		waiting := w.Guest(t)
		waiting.IsRefused(r, "not-authorized")
		knocked(t, w, r, waiting)
		ctx, stop := context.WithCancel(t.Context())
		var flooding sync.WaitGroup
		defer flooding.Wait()
		defer stop()
		var asked atomic.Int64
		for range 4 {
			guest := w.Guest(t)
			for range 8 { // at the same time
				flooding.Go(func() {
					for ctx.Err() == nil {
						asked.Add(1)
						_, _ = guest.Command(ctx, world.UsherJID, "lobby",
							map[string]string{"who": r + " " + waiting.Bare(), "decision": "admit"})
					}
				})
			}
		}
		for asked.Load() < 4*32 && t.Context().Err() == nil { // most have been answered, and ask again
			time.Sleep(time.Millisecond)
		}
		for range 5 {
			if note := command(t, alice, r+" "+waiting.Bare(), "deny"); !strings.Contains(note, "Denied: 1") {
				t.Fatalf("the moderator is told %q", note)
			}
		}
		note := command(t, alice, r+" victim@example.org", "admit")
		if !strings.Contains(note, "Not everybody you chose waits") {
			t.Errorf("for an invented address: %q", note)
		}
		long := strings.Repeat("x", 50_000)
		if note := command(t, alice, r+" "+long+"@example.org", "admit"); !strings.Contains(note, "nobody who waits") {
			t.Errorf("for a long text: %q", note)
		}
	})
}
