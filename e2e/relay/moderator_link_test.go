package relay

import (
	"net/http"
	"strings"
	"testing"

	"usher/e2e/tokens"
	"usher/e2e/world"
)

// TestModeratorsLink: in Jitsi's page the moderators of a room read of a knock as of any message, whichever way they are
// connected, also in a tenant's room; the link in it leads to the page of the rooms that are theirs.
func TestModeratorsLink(t *testing.T) {
	o := world.Options{Relay: &world.Relay{Tenants: true}, Console: true,
		Host: "    lobby: {rooms: {\"*\": off, \"board*\": on}, enforce: members-only}\n"}
	each(t, o, func(t *testing.T, w *world.World) {
		plain := hall{w: w, name: "board", room: world.Room("board")}
		tenants := hall{w, "acme", "board-2", "board-2@conference.acme." + world.Meet, ""}
		for _, h := range []hall{plain, tenants} {
			c := tokens.Claims("alice", "*", tokens.Moderator())
			if h.tenant != "" {
				c["sub"] = h.tenant
			}
			link := world.Link{Token: tokens.Sign(t, world.Meet, c), Room: h.name, Tenant: h.tenant}
			first := w.Follow(t, link)
			link.BOSH = true
			second := w.Follow(t, link)
			for _, alice := range []*world.Person{first, second} {
				meets(t, alice, h.room, "moderator/owner")
			}
			guest := h.guest(t)
			guest.IsRefused(h.room, "registration-required")
			links := map[string]bool{}
			for _, alice := range []*world.Person{first, second} {
				said, err := alice.Hears(world.Within(t), h.room, guest.Bare())
				if err != nil {
					t.Fatalf("%s is not told: %v\n%s", alice.Bare(), err, w.Usher.Log())
				}
				if !strings.Contains(said, `"type":"system_chat_message"`) || alice.Messages(world.UsherJID) > 0 {
					t.Errorf("%s reads %s", alice.Bare(), said)
				}
				into := world.LinkIn(t, said)
				links[into] = true
				page := w.Visitor(t)
				page.Enters(into)
				if p := page.Gets("/lobby"); p.Status != http.StatusOK || !strings.Contains(p.Text, guest.Bare()) {
					t.Errorf("the page is %d: %s", p.Status, p.Text)
				}
			}
			if len(links) != 2 {
				t.Errorf("the links are %v", links)
			}
		}
	})
}
