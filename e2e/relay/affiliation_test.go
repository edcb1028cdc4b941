package relay

import (
	"testing"

	"usher/e2e/client"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// TestTokenAffiliation: mod_token_affiliation, which writes an affiliation at each join, is not taken for an owner's
// decision: a moderator is owner at each of its joins. What an owner took away is not given again by the same token.
func TestTokenAffiliation(t *testing.T) {
	o := world.Options{Relay: &world.Relay{Modules: `"token_affiliation", `}}
	each(t, o, func(t *testing.T, w *world.World) {
		room := world.Room("one")
		carol := w.Follow(t, link(t, "carol", "one", tokens.Moderator(), "one"))
		carol.Meets(room)
		alice := w.Follow(t, link(t, "alice", "one", tokens.Moderator(), "one"))
		bob := w.Follow(t, link(t, "bob", "one", nil, "one"))
		for range 3 {
			if got := alice.Meets(room); got != "moderator/owner" {
				t.Errorf("alice is %s", got)
			}
			if got := bob.Meets(room); got != "participant/member" {
				t.Errorf("bob is %s", got)
			}
			alice.Leaves(room)
			bob.Leaves(room)
		}
		alice.Joins(room)
		alice.Stays(room, "moderator/owner")
		if _, err := carol.Admin(world.Within(t), room, "set", client.Item{JID: alice.Bare(), Affiliation: "member"}); err != nil {
			t.Fatal(err)
		}
		alice.Stays(room, "participant/member")
	})
}
