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
			if _, err := w.Wire(t, less).Bind(world.Within(t)); err != nil {
				t.Fatal(err)
			}
			notTakenUp(t, w, less) // nor for having been bound anew
			return
		}
		if again = again.back(t, w, less); again.mayRecord(t, room, "r3") {
			t.Error("it records still")
		}
	})
}

// TestResumesForAnotherRoom: a token that lets its holder record in another room gives no such right in this one, also
// where it is tried again, and where usher has been started anew.
func TestResumesForAnotherRoom(t *testing.T) {
	each(t, world.Options{}, func(t *testing.T, w *world.World) {
		room := world.Room("one")
		w.Begin(room)
		by := func(opens string, may bool, id string) world.Link {
			return recording(t, "alice", may, map[string]any{"jti": id, "room": opens})
		}
		alice := calls(t, w, by("one", false, "a"))
		if alice.enters(t, room); alice.mayRecord(t, room, "r1") {
			t.Fatal("it records at first")
		}
		_ = alice.Cut()
		other := by("two", true, "b")
		other.Resume = alice.id
		for range 2 {
			notTakenUp(t, w, other)
			c := w.Wire(t, other) // it goes on as a client does that cannot resume
			if _, err := c.Bind(world.Within(t)); err != nil {
				t.Fatal(err)
			}
		}
		again := alice.back(t, w, by("one", false, "c"))
		if again.mayRecord(t, room, "r2") {
			t.Error("it records by a token for another room")
		}
		_ = again.Cut()
		if onSeries(t, "0.12") {
			return // keeps the rights of before
		}
		if again = again.back(t, w, by("one", true, "d")); !again.mayRecord(t, room, "r3") {
			t.Error("a new token for this room does not record")
		}
		_ = again.Cut()
		w.Usher.Kill()
		mark := w.Usher.Mark()
		w.Usher.Start()
		w.AwaitComponent(mark)
		notTakenUp(t, w, other)
	})
}
