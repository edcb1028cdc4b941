package e2e

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestRoomsForgedAnswers: guests who send answers to whatever usher may have asked do not keep a revoked occupant in the
// room, and do not make usher take anything for granted.
func TestRoomsForgedAnswers(t *testing.T) {
	eachRooms(t, roomsOptions{}, func(t *testing.T, w *roomsWorld) {
		r := room("forged")
		alice := w.enter(t, "alice", "forged", moderator)
		alice.joinAs(r, "moderator/owner")
		mallory := w.enter(t, "mallory", "forged", moderator)
		mallory.joinAs(r, "moderator/owner")
		ctx, stop := context.WithCancel(t.Context())
		var forging sync.WaitGroup
		defer forging.Wait()
		defer stop()
		for i := range 2 {
			guest := w.guest(t)
			forging.Go(func() {
				kind := []string{"result", "error"}[i]
				for n := uint64(1); ctx.Err() == nil; n = n%400 + 1 {
					if guest.Answers(kind, usherJID, "u"+strconv.FormatUint(n, 36)) != nil {
						return
					}
				}
			})
		}
		time.Sleep(500 * time.Millisecond)
		w.run(t, "sessions", "revoke", "mallory@"+meet)
		began := time.Now()
		if err := mallory.Become(within(t), r, ""); err != nil {
			t.Errorf("the revoked occupant is still there after %v: %v", time.Since(began), err)
		}
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("the revoked occupant left after %v", took)
		}
		w.enter(t, "bob", "forged", moderator).joinAs(r, "moderator/owner")
	})
}

// TestRoomsStrangersAtTheDesk: guests who send the moderators' command all the time do not keep a moderator from it, and
// leave nothing behind.
func TestRoomsStrangersAtTheDesk(t *testing.T) {
	o := lobbyOf("gate")
	eachRooms(t, o, func(t *testing.T, w *roomsWorld) {
		r := room("desk")
		alice := w.enter(t, "alice", "desk", moderator)
		alice.joinAs(r, "moderator/owner")
		waiting := w.guest(t)
		waiting.refused(r, "not-authorized")
		w.knocked(t, r, waiting)
		ctx, stop := context.WithCancel(t.Context())
		var flooding sync.WaitGroup
		defer flooding.Wait()
		defer stop()
		for range 4 {
			guest := w.guest(t)
			for range 8 { // at the same time
				flooding.Go(func() {
					for ctx.Err() == nil {
						_, _ = guest.Command(ctx, usherJID, "lobby", map[string]string{"who": r + " " + waiting.bare(), "decision": "admit"})
					}
				})
			}
		}
		time.Sleep(300 * time.Millisecond)
		for range 5 {
			if note := alice.command(r+" "+waiting.bare(), "deny"); !strings.Contains(note, "Denied: 1") {
				t.Fatalf("the moderator is told %q", note)
			}
		}
		if note := alice.command(r+" victim@example.org", "admit"); !strings.Contains(note, "Not everybody you chose waits") {
			t.Errorf("for an invented address: %q", note)
		}
		long := strings.Repeat("x", 50_000)
		if note := alice.command(r+" "+long+"@example.org", "admit"); !strings.Contains(note, "nobody who waits") {
			t.Errorf("for a long text: %q", note)
		}
	})
}
