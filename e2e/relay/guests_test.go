package relay

import (
	"testing"

	"usher/e2e/tokens"
	"usher/e2e/world"
)

// TestStartedAfterKill: an usher that was killed knows which rooms were started: guests get into those while the
// holder's connection is away, and into no other.
func TestStartedAfterKill(t *testing.T) {
	each(t, world.Options{}, func(t *testing.T, w *world.World) {
		kept, fresh := world.Room("kept"), world.Room("fresh")
		l := link(t, "alice", "kept", tokens.Moderator(), "kept")
		alice := w.Follow(t, l)
		id, err := alice.Resumable()
		if err != nil {
			t.Fatal(err)
		}
		alice.Meets(kept)
		w.Begin(fresh)
		w.Usher.Kill()
		mark := w.Usher.Mark()
		w.Usher.Start()
		w.AwaitComponent(mark)
		both(t, func(t *testing.T, bosh bool) {
			meets(t, w.Follow(t, world.Link{Host: world.Guests, Room: "kept", BOSH: bosh}), kept, "participant/none")
			guest := w.Follow(t, world.Link{Host: world.Guests, Room: "fresh", BOSH: bosh})
			waits(t, guest, fresh)
			turnedAway(t, guest, fresh, "cancel/not-allowed")
		})
		l.Resume = id
		if err := w.Follow(t, l).Echo(world.Within(t), "groupchat", kept, kept+"/"+alice.Nick()); err != nil {
			t.Errorf("the holder is not in its room any more: %v", err)
		}
	})
}
