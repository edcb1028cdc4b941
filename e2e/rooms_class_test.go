package e2e

import (
	"sync"
	"testing"
)

// TestRoomsAClassAfterARestart: usher that was started anew asks the room whether it runs, and lets in all who join at
// once.
func TestRoomsAClassAfterARestart(t *testing.T) {
	eachRooms(t, roomsOptions{}, func(t *testing.T, w *roomsWorld) {
		r := room("class")
		w.enter(t, "alice", "class", moderator).joinAs(r, "moderator/owner")
		w.restartUsher()
		class := make([]*person, 60)
		for i := range class {
			class[i] = w.guest(t)
		}
		var joining sync.WaitGroup
		for _, p := range class {
			joining.Go(func() {
				if _, err := p.Join(within(t), r, p.nick()); err != nil {
					t.Errorf("%s: %v", p.bare(), err)
				}
			})
		}
		joining.Wait()
	})
}
