package e2e

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"usher/e2e/client"
)

// TestRoomsCreatedTwice: while Prosody waits for the answer about a new room, another first join makes another room of
// the same name. Nobody may be left in one that nobody else can reach.
func TestRoomsCreatedTwice(t *testing.T) {
	eachRooms(t, roomsOptions{slowly: 100 * time.Millisecond}, func(t *testing.T, w *roomsWorld) {
		const people = 4
		mark := w.usher.mark(t)
		r := room("twice")
		crowd := make([]*person, people)
		for i := range crowd {
			crowd[i] = w.enter(t, fmt.Sprint("user", i), "*", nil)
		}
		var joining sync.WaitGroup
		for _, p := range crowd {
			ctx := within(t)
			joining.Go(func() { p.insist(ctx, r) })
		}
		joining.Wait()
		w.usher.await(t, mark, "reason=created_twice") // otherwise this tests nothing
		focus := w.focus(t)
		focus.join(r)
		there, err := focus.Admin(within(t), r, "get", client.Item{Role: "participant"})
		if err != nil || len(there) != people {
			t.Errorf("%d of %d people are in the room: %v, %v", len(there), people, there, err)
		}
		for _, p := range crowd {
			p.becomes(r, "participant/member")
		}
	})
}

// insist joins as a client does whose user tries again.
func (p *person) insist(ctx context.Context, room string) {
	var err error
	for range 10 {
		if _, err = p.Join(ctx, room, p.nick()); err == nil {
			return
		}
	}
	p.t.Errorf("%s never came into %s: %v", p.bare(), room, err)
}
