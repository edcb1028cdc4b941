package relay

import (
	"testing"

	"usher/e2e/tokens"
	"usher/e2e/world"
)

// TestResumesWithNewRights: who was allowed to record and comes back with a token that denies it records no more: the
// stream is resumed where Prosody takes the new features, and is refused where it would keep the old ones.
func TestResumesWithNewRights(t *testing.T) {
	each(t, world.Options{}, func(t *testing.T, w *world.World) {
		room := world.Room("one")
		w.Begin(room)
		by := func(may bool, id string) world.Link {
			more := tokens.Moderator()
			more["jti"] = id
			return recording(t, "alice", may, more)
		}
		alice := calls(t, w, by(true, "a"))
		if alice.enters(t, room); !alice.mayRecord(t, room, "r1") {
			t.Fatal("it does not record at first")
		}
		_ = alice.Cut()
		again := alice.back(t, w, by(true, "b"))
		if !again.mayRecord(t, room, "r2") {
			t.Error("a refreshed token with the same rights does not record")
		}
		_ = again.Cut()
		less := by(false, "c")
		if onSeries(t, "0.12") {
			less.Resume = alice.id
			notTakenUp(t, w, less)
			return
		}
		if again = again.back(t, w, less); again.mayRecord(t, room, "r3") {
			t.Error("it records still")
		}
	})
}
