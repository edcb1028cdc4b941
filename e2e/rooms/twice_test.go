package rooms

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"usher/e2e/client"
	"usher/e2e/world"
)

// TestRoomsCreatedTwice: while Prosody waits for the answer about a new room, another first join makes another room of
// the same name. Nobody may be left in one that nobody else can reach.
func TestRoomsCreatedTwice(t *testing.T) {
	world.Each(t, world.Options{AtOnce: 2}, func(t *testing.T, w *world.World) {
		const people = 4
		mark := w.Usher.Mark()
		r := world.Room("twice")
		crowd := make([]*world.Person, people)
		for i := range crowd {
			crowd[i] = w.Participant(t, fmt.Sprint("user", i), "*")
		}
		var joining sync.WaitGroup
		for _, p := range crowd {
			ctx := world.Within(t)
			joining.Go(func() { insist(ctx, t, p, r) })
		}
		joining.Wait()
		w.Usher.Await(t, mark, "reason=created_twice") // otherwise this tests nothing
		focus := w.Focus(t)
		focus.Joins(r)
		there, err := focus.Admin(world.Within(t), r, "get", client.Item{Role: "participant"})
		if err != nil || len(there) != people {
			t.Errorf("%d of %d people are in the room: %v, %v", len(there), people, there, err)
		}
		for _, p := range crowd {
			p.Becomes(r, "participant/member")
		}
	})
}

// insist joins as a client does whose user tries again.
func insist(ctx context.Context, t *testing.T, p *world.Person, room string) {
	t.Helper()
	var err error
	for range 10 {
		if _, err = p.Join(ctx, room, p.Nick()); err == nil {
			return
		}
	}
	t.Errorf("%s never came into %s: %v", p.Bare(), room, err)
}
