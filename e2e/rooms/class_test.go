package rooms

import (
	"regexp"
	"sync"
	"testing"
	"time"

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
			joining.Go(func() { classJoins(t, w, p, r) })
		}
		joining.Wait()
		if t.Failed() {
			t.Log(w.Usher.Log())
		}
	})
}

// classJoins joins. Where the room has not answered usher in time, as Prosody gets too little of a busy machine for that,
// usher has the next try do, and says so.
func classJoins(t *testing.T, w *world.World, p *world.Person, room string) {
	for end := time.Now().Add(20 * time.Second); ; {
		_, err := p.Join(world.Within(t), room, p.Nick())
		if err == nil {
			return
		}
		if !unanswered(w, p, room) || time.Now().After(end) {
			t.Errorf("%s: %v", p.Bare(), err)
			return
		}
	}
}

// unanswered reports whether usher says that it refused somebody for want of the room's answer; it says so a moment after
// the refusal.
func unanswered(w *world.World, p *world.Person, room string) bool {
	said := regexp.MustCompile("account=" + regexp.QuoteMeta(p.Bare()) + " .* no answer from " + regexp.QuoteMeta(room))
	for range 50 {
		if said.MatchString(w.Usher.Log()) {
			return true
		}
		time.Sleep(20 * time.Millisecond)
	}
	return false
}
