package rooms

import (
	"fmt"
	"testing"

	"usher/e2e/world"
)

// TestRoomsNames: a token opens the room that Prosody calls as the token does, and none that its name would be after
// percent-decoding, folding or dropping letters. Each room is running, and who comes by a wrong name is nothing to it.
func TestRoomsNames(t *testing.T) {
	world.Each(t, world.Options{Host: "    tokens: {subject: any}\n"}, func(t *testing.T, w *world.World) {
		for i, row := range []struct{ room, right, wrong string }{
			{"stra%c3%9fe", "Straße", "strasse"},
			{"%73tandup", "%73tandup", "standup"},
			{"co%c2%adop", "co\u00adop", "coop"},
			{"standup", "Standup", "%73tandup"},
			{"r%c3%a4k", "R%C3%A4k", "rak"},
			{"räk", "Ra\u0308k", "r%c3%a4k"},
			{"team%20%f0%9f%9a%80", "Team 🚀", "team"},
			{"%d7%a9%d7%9c%d7%95%d7%9d1", "שלום1", "שלום"},
			{"2%d8%ba%d8%b1%d9%81%d8%a9", "2غرفة", "2"},
			{"%ea%99%ae", "ꙮ", "%ea"},
		} {
			owner := w.Moderator(t, fmt.Sprint("alice", i), row.right)
			owner.JoinsAs(world.Room(row.room), "moderator/owner")
			mark := w.Usher.Mark()
			w.Moderator(t, fmt.Sprint("eve", i), row.wrong).IsRefused(world.Room(row.room), "not-authorized")
			w.Usher.Await(t, mark, "reason=room_mismatch")
			_ = owner.Close()
		}
		mark := w.Usher.Mark()
		w.Moderator(t, "fred", "ｓｔａｎｄｕｐ").IsRefused(world.Room("standup"), "not-authorized")
		w.Usher.Await(t, mark, "reason=room_spelling")
	})
}

// TestRoomsTenantNames: a tenant is a label of a domain, and no other is opened by what it folds to; "*" opens every
// room of the token's tenant, whatever its name, and none of another.
func TestRoomsTenantNames(t *testing.T) {
	world.Each(t, world.Options{Host: "    tokens: {subject: tenant}\n"}, func(t *testing.T, w *world.World) {
		right := w.Enter(t, "alice", "*", map[string]any{"sub": "stra%c3%9fe", "moderator": true})
		right.JoinsAs(world.Room("[stra%c3%9fe]board"), "moderator/owner")
		eve := w.Enter(t, "eve", "*", map[string]any{"sub": "strasse", "moderator": true})
		eve.IsRefused(world.Room("[stra%c3%9fe]board"), "not-authorized")
		eve.JoinsAs(world.Room("[strasse]%d7%a9%d7%9c%d7%95%d7%9d1"), "moderator/owner")
		eve.JoinsAs(world.Room("[strasse]%f0%9f%9a%80"), "moderator/owner")
		w.Enter(t, "fred", "*", map[string]any{"sub": "Straße"}).IsRefused(world.Room("[strasse]board"),
			"not-authorized")
	})
}
