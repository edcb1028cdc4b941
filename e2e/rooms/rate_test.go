package rooms

import (
	"fmt"
	"sync"
	"testing"

	"usher/e2e/world"
)

// TestRoomsRateLimit: with the line that usher prosody prints for it, Jitsi's mod_muc_rate_limit holds no join back, also of
// ten at once. A join that it held back would never end, and nor would the next: it repeats them where mod_muc_http_auth
// cannot wait.
func TestRoomsRateLimit(t *testing.T) {
	o := world.Options{MUC: "muc_rate_joins = 100000\n",
		Modules: `{ "muc_http_auth", "muc_http_defaults", "muc_hide_all", "muc_rate_limit" }`}
	world.Each(t, o, func(t *testing.T, w *world.World) {
		r := world.Room("rush")
		w.Moderator(t, "alice", "rush").JoinsAs(r, "moderator/owner")
		var people []*world.Person
		for i := range 10 {
			people = append(people, w.Participant(t, fmt.Sprint("person", i), "rush"))
		}
		var all sync.WaitGroup
		for _, p := range people {
			all.Go(func() {
				if first, err := p.Join(world.Within(t), r, p.Nick()); err != nil || first.Role != "participant" {
					t.Errorf("%s: %s, %v", p.Bare(), first, err)
				}
			})
		}
		all.Wait()
	})
}
