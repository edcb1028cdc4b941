package rooms

import (
	"fmt"
	"testing"

	"usher/e2e/world"
)

// TestRooms is the table "who is what": what clients saw, in every order of arrival.
func TestRooms(t *testing.T) {
	facts := map[string]func(*testing.T, *world.World){
		"creator with the claim": func(t *testing.T, w *world.World) {
			r := world.Room("creator-moderator")
			if first := w.Moderator(t, "alice", "creator-moderator").Joins(r); first != "moderator/owner" {
				t.Errorf("the first presence said %s", first)
			}
		},
		"creator without": func(t *testing.T, w *world.World) {
			r := world.Room("creator-nobody")
			p := w.Participant(t, "bob", "creator-nobody")
			if first := p.Joins(r); first != "participant/member" {
				t.Errorf("the first presence said %s", first)
			}
			p.Stays(r, "participant/member")
		},
		"moderator comes later": func(t *testing.T, w *world.World) {
			r := world.Room("later")
			bob := w.Participant(t, "bob", "later")
			bob.Joins(r)
			w.Moderator(t, "alice", "later").JoinsAs(r, "moderator/owner")
			bob.Stays(r, "participant/member")
		},
		"every room, creator": func(t *testing.T, w *world.World) {
			w.Moderator(t, "carol", "*").JoinsAs(world.Room("star-created"), "moderator/owner")
		},
		"every room, joiner": func(t *testing.T, w *world.World) {
			r := world.Room("star-joined")
			bob := w.Participant(t, "bob", "star-joined")
			bob.Joins(r)
			w.Moderator(t, "carol", "*").JoinsAs(r, "moderator/owner")
			w.Participant(t, "dave", "*").JoinsAs(r, "participant/member")
			bob.Stays(r, "participant/member")
		},
		"participant before": func(t *testing.T, w *world.World) {
			r := world.Room("before")
			old := w.Participant(t, "erin", "before")
			old.Joins(r)
			old.Becomes(r, "participant/member")
			w.Moderator(t, "erin", "before") // logs in elsewhere and does not even join
			old.Becomes(r, "moderator/owner")
		},
		"a later token without the claim": func(t *testing.T, w *world.World) {
			r := world.Room("less")
			p := w.Moderator(t, "frank", "less")
			p.JoinsAs(r, "moderator/owner")
			again := w.Participant(t, "frank", "less")
			p.Becomes(r, "participant/member")
			p.Leaves(r)
			again.JoinsAs(r, "participant/member")
		},
		"two tokens for two rooms": func(t *testing.T, w *world.World) {
			one := w.Moderator(t, "grace", "two-a")
			two := w.Participant(t, "grace", "two-b")
			one.JoinsAs(world.Room("two-a"), "moderator/owner")
			two.JoinsAs(world.Room("two-b"), "participant/member")
			two.IsRefused(world.Room("two-c"), "not-authorized")
		},
		"another room": func(t *testing.T, w *world.World) {
			w.Moderator(t, "bob", "here").IsRefused(world.Room("there"), "not-authorized")
		},
		"a part of the name": func(t *testing.T, w *world.World) {
			w.Moderator(t, "bob", "stand").IsRefused(world.Room("standup"), "not-authorized")
		},
		"letter case": func(t *testing.T, w *world.World) {
			p := w.Moderator(t, "heidi", "StandUp")
			p.JoinsAs(world.Room("standup"), "moderator/owner")
		},
		"percent-encoded": func(t *testing.T, w *world.World) {
			w.Moderator(t, "heidi", "Тест").JoinsAs(world.Room("%d1%82%d0%b5%d1%81%d1%82"), "moderator/owner")
			w.Moderator(t, "heidi", "Тест").JoinsAs(world.Room("тест"), "moderator/owner")
			ivan := w.Participant(t, "ivan", "%D1%82%D0%B5%D1%81%D1%82")
			ivan.JoinsAs(world.Room("%d1%82%d0%b5%d1%81%d1%82"), "participant/member")
			ivan.IsRefused(world.Room("тест"), "not-authorized")
		},
		"regex": func(t *testing.T, w *world.World) {
			p := w.Enter(t, "judy", "Team-[0-9]+", map[string]any{"moderator": true, "room.regex": true})
			p.JoinsAs(world.Room("team-7"), "moderator/owner")
			p.IsRefused(world.Room("team-7x"), "not-authorized")
			p.IsRefused(world.Room("xteam-7"), "not-authorized")
		},
		"array": func(t *testing.T, w *world.World) {
			p := w.Moderator(t, "judy", []any{"list-a", "list-b"})
			p.JoinsAs(world.Room("list-b"), "moderator/owner")
			p.IsRefused(world.Room("list-c"), "not-authorized")
		},
		"string booleans": func(t *testing.T, w *world.World) {
			for name, row := range map[string]struct {
				more map[string]any
				want string
			}{
				"bool-true":    {map[string]any{"user.moderator": true}, "moderator/owner"},
				"bool-text":    {map[string]any{"user.moderator": "true"}, "moderator/owner"},
				"bool-false":   {map[string]any{"user.moderator": "false"}, "participant/member"},
				"bool-yes":     {map[string]any{"user.moderator": "yes"}, "participant/member"},
				"bool-one":     {map[string]any{"moderator": 1}, "participant/member"},
				"bool-owner":   {map[string]any{"user.affiliation": "owner"}, "moderator/owner"},
				"bool-teacher": {map[string]any{"user.affiliation": "teacher"}, "moderator/owner"},
				"bool-member":  {map[string]any{"user.affiliation": "member"}, "participant/member"},
			} {
				w.Enter(t, "kim", name, row.more).JoinsAs(world.Room(name), row.want)
			}
		},
		"guests": func(t *testing.T, w *world.World) {
			r := world.Room("guests")
			guest := w.Guest(t)
			guest.IsRefused(r, "not-authorized")
			w.Focus(t).Joins(r)
			guest.IsRefused(r, "not-authorized") // jicofo alone starts nothing
			w.Participant(t, "bob", "guests").Joins(r)
			guest.JoinsAs(r, "participant/none")
		},
		"service account": func(t *testing.T, w *world.World) {
			w.Focus(t).JoinsAs(world.Room("service"), "moderator/owner")
		},
	}
	world.Each(t, world.Options{}, func(t *testing.T, w *world.World) {
		for name, fact := range facts {
			t.Run(name, func(t *testing.T) { fact(t, w) })
		}
	})
}

// TestRoomsOfAnAdmin: Prosody cannot make a member of somebody who is an admin by its configuration, and gives up the
// room: the second try works, and others get what is theirs.
func TestRoomsOfAnAdmin(t *testing.T) {
	// In place of the world's own line: of a second one Prosody tells the place, and ends where the path of its
	// configuration has 60 bytes or more.
	o := world.Options{NoRights: true, MUC: "component_admins_as_room_owners = true\n" + fmt.Sprintf(
		"admins = { %q, %q, %q }\n", world.UsherJID, "focus@"+world.Services, "admin@"+world.Meet)}
	world.Each(t, o, func(t *testing.T, w *world.World) {
		w.AwaitComponent(0)
		r := world.Room("admin")
		w.Participant(t, "admin", "admin")
		zoe := w.Moderator(t, "zoe", "admin")
		zoe.IsRefused(r, "internal-server-error")
		insist(world.Within(t), t, zoe, r)
		zoe.Becomes(r, "moderator/owner")
		w.Participant(t, "bob", "admin").JoinsAs(r, "participant/member")
		w.Participant(t, "admin", "admin").JoinsAs(r, "moderator/owner")
		w.Moderator(t, "yves", "*").JoinsAs(r, "moderator/owner")
	})
}
