package signin

import (
	"strings"
	"testing"

	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/world"
)

// TestPlain: before a plain Prosody, whose host logs people in by tickets of usher, a sign-in leads into a room as well,
// under an account that no other issuer's tokens can name.
func TestPlain(t *testing.T) {
	t.Parallel()
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		d := open(t, v, option{plain: true})
		token := tokenOf(t, d.visitor(t).comes("room=standup", "alice"))
		p := d.Follow(t, world.Link{Token: token, Room: "standup"})
		if got := p.Joins(world.Room("standup")); got != "moderator/owner" {
			t.Errorf("alice is %s", got)
		}
		if !strings.HasPrefix(p.Bare(), "login-") {
			t.Errorf("her account is %s", p.Bare())
		}
		p.IsRefused(world.Room("board"), "not-allowed")
	})
}
