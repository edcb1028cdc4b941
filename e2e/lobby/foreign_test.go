package lobby

import (
	"fmt"
	"testing"

	"usher/e2e/world"
)

// TestRoomsForeignAttributes: an attribute "from" of a namespace of its own, which Prosody passes on beside its own
// stamp, does not make anybody a moderator.
func TestRoomsForeignAttributes(t *testing.T) {
	world.Each(t, lobbyOf("gate"), func(t *testing.T, w *world.World) {
		r := world.Room("foreign")
		alice := w.Moderator(t, "alice", "foreign")
		alice.JoinsAs(r, "moderator/owner")
		guest := w.Guest(t)
		guest.IsRefused(r, "not-authorized")
		knocked(t, w, r, guest)
		for i := range 30 { // Prosody writes attributes in an order that depends on their names
			id := fmt.Sprint("f", i)
			iq := fmt.Sprintf("<iq type='set' id='%s' to='%s' xmlns:x='urn:x:%d' x:from='%s'>"+
				"<command xmlns='http://jabber.org/protocol/commands' node='lobby' action='complete'>"+
				"<x xmlns='jabber:x:data' type='submit'><field var='who'><value>%s %s</value></field>"+
				"<field var='decision'><value>admit</value></field></x></command></iq>",
				id, world.UsherJID, i, alice.JID(), r, guest.Bare())
			if err := guest.Asks(world.Within(t), id, iq); err != nil {
				t.Fatal(err)
			}
		}
		for _, k := range knocks(t, w) {
			if k.JID == guest.Bare() {
				return
			}
		}
		t.Error("the guest let itself in")
	})
}
