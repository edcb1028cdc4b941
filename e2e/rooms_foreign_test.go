package e2e

import (
	"fmt"
	"testing"
	"time"
)

// TestRoomsForeignAttributes: an attribute "from" of a namespace of its own, which Prosody passes on beside its own
// stamp, does not make anybody a moderator.
func TestRoomsForeignAttributes(t *testing.T) {
	eachRooms(t, lobbyOf("gate"), func(t *testing.T, w *roomsWorld) {
		r := room("foreign")
		alice := w.enter(t, "alice", "foreign", moderator)
		alice.joinAs(r, "moderator/owner")
		guest := w.guest(t)
		guest.refused(r, "not-authorized")
		w.knocked(t, r, guest)
		for i := range 30 { // Prosody writes attributes in an order that depends on their names
			err := guest.Says(fmt.Sprintf("<iq type='set' id='f%d' to='%s' xmlns:x='urn:x:%d' x:from='%s'><command xmlns='http://jabber.org/protocol/commands' node='lobby' action='complete'>"+
				"<x xmlns='jabber:x:data' type='submit'><field var='who'><value>%s %s</value></field><field var='decision'><value>admit</value></field></x></command></iq>",
				i, usherJID, i, alice.JID(), r, guest.bare()))
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		for _, k := range w.knocks(t) {
			if k.JID == guest.bare() {
				return
			}
		}
		t.Error("the guest let itself in")
	})
}
