package rooms

import (
	"sync"
	"testing"

	"usher/e2e/world"
)

// TestRoomsAClassAfterARestart: usher that was started anew asks the room whether it runs, and lets in all who join at
// once.
func TestRoomsAClassAfterARestart(t *testing.T) {
	world.Each(t, world.Options{}, func(t *testing.T, w *world.World) {
		r := world.Room("class")
		w.Moderator(t, "alice", "class").JoinsAs(r, "moderator/owner")
		w.RestartUsher()
		class := make([]*world.Person, 60)
		for i := range class {
			class[i] = w.Guest(t)
		}
		var joining sync.WaitGroup
		for _, p := range class {
			joining.Go(func() {
				if _, err := p.Join(world.Within(t), r, p.Nick()); err != nil {
					t.Errorf("%s: %v", p.Bare(), err)
				}
			})
		}
		joining.Wait()
		if t.Failed() {
			t.Log(w.Usher.Log())
		}
	})
}
