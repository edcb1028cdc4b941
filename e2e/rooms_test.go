package e2e

import (
	"fmt"
	"testing"
)

// TestRooms is the table "who is what": what clients saw, in every order of arrival.
func TestRooms(t *testing.T) {
	facts := map[string]func(*testing.T, *roomsWorld){
		"creator with the claim": func(t *testing.T, w *roomsWorld) {
			r := room("creator-moderator")
			if first := w.enter(t, "alice", "creator-moderator", moderator).join(r); first != "moderator/owner" {
				t.Errorf("the first presence said %s", first)
			}
		},
		"creator without": func(t *testing.T, w *roomsWorld) {
			r := room("creator-nobody")
			p := w.enter(t, "bob", "creator-nobody", nil)
			if first := p.join(r); first != "participant/member" {
				t.Errorf("the first presence said %s", first)
			}
			p.stays(r, "participant/member")
		},
		"moderator comes later": func(t *testing.T, w *roomsWorld) {
			r := room("later")
			bob := w.enter(t, "bob", "later", nil)
			bob.join(r)
			w.enter(t, "alice", "later", moderator).joinAs(r, "moderator/owner")
			bob.stays(r, "participant/member")
		},
		"every room, creator": func(t *testing.T, w *roomsWorld) {
			w.enter(t, "carol", "*", moderator).joinAs(room("star-created"), "moderator/owner")
		},
		"every room, joiner": func(t *testing.T, w *roomsWorld) {
			r := room("star-joined")
			bob := w.enter(t, "bob", "star-joined", nil)
			bob.join(r)
			w.enter(t, "carol", "*", moderator).joinAs(r, "moderator/owner")
			w.enter(t, "dave", "*", nil).joinAs(r, "participant/member")
			bob.stays(r, "participant/member")
		},
		"participant before": func(t *testing.T, w *roomsWorld) {
			r := room("before")
			old := w.enter(t, "erin", "before", nil)
			old.join(r)
			old.becomes(r, "participant/member")
			w.enter(t, "erin", "before", moderator) // logs in elsewhere and does not even join
			old.becomes(r, "moderator/owner")
		},
		"a later token without the claim": func(t *testing.T, w *roomsWorld) {
			r := room("less")
			p := w.enter(t, "frank", "less", moderator)
			p.joinAs(r, "moderator/owner")
			again := w.enter(t, "frank", "less", nil)
			p.becomes(r, "participant/member")
			p.leave(r)
			again.joinAs(r, "participant/member")
		},
		"two tokens for two rooms": func(t *testing.T, w *roomsWorld) {
			one := w.enter(t, "grace", "two-a", moderator)
			two := w.enter(t, "grace", "two-b", nil)
			one.joinAs(room("two-a"), "moderator/owner")
			two.joinAs(room("two-b"), "participant/member")
			two.refused(room("two-c"), "not-authorized")
		},
		"another room": func(t *testing.T, w *roomsWorld) {
			w.enter(t, "bob", "here", moderator).refused(room("there"), "not-authorized")
		},
		"a part of the name": func(t *testing.T, w *roomsWorld) {
			w.enter(t, "bob", "stand", moderator).refused(room("standup"), "not-authorized")
		},
		"letter case": func(t *testing.T, w *roomsWorld) {
			p := w.enter(t, "heidi", "StandUp", moderator)
			p.joinAs(room("standup"), "moderator/owner")
		},
		"percent-encoded": func(t *testing.T, w *roomsWorld) {
			w.enter(t, "heidi", "Тест", moderator).joinAs(room("%d1%82%d0%b5%d1%81%d1%82"), "moderator/owner")
			w.enter(t, "heidi", "Тест", moderator).joinAs(room("тест"), "moderator/owner")
			ivan := w.enter(t, "ivan", "%D1%82%D0%B5%D1%81%D1%82", nil)
			ivan.joinAs(room("%d1%82%d0%b5%d1%81%d1%82"), "participant/member")
			ivan.refused(room("тест"), "not-authorized")
		},
		"regex": func(t *testing.T, w *roomsWorld) {
			p := w.enter(t, "judy", "Team-[0-9]+", map[string]any{"moderator": true, "room.regex": true})
			p.joinAs(room("team-7"), "moderator/owner")
			p.refused(room("team-7x"), "not-authorized")
			p.refused(room("xteam-7"), "not-authorized")
		},
		"array": func(t *testing.T, w *roomsWorld) {
			p := w.enter(t, "judy", []any{"list-a", "list-b"}, moderator)
			p.joinAs(room("list-b"), "moderator/owner")
			p.refused(room("list-c"), "not-authorized")
		},
		"string booleans": func(t *testing.T, w *roomsWorld) {
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
				w.enter(t, "kim", name, row.more).joinAs(room(name), row.want)
			}
		},
		"guests": func(t *testing.T, w *roomsWorld) {
			r := room("guests")
			guest := w.guest(t)
			guest.refused(r, "not-authorized")
			w.focus(t).join(r)
			guest.refused(r, "not-authorized") // jicofo alone starts nothing
			w.enter(t, "bob", "guests", nil).join(r)
			guest.joinAs(r, "participant/none")
		},
		"service account": func(t *testing.T, w *roomsWorld) {
			w.focus(t).joinAs(room("service"), "moderator/owner")
		},
	}
	eachRooms(t, roomsOptions{}, func(t *testing.T, w *roomsWorld) {
		for name, fact := range facts {
			t.Run(name, func(t *testing.T) { fact(t, w) })
		}
	})
}

// TestRoomsOfAnAdmin: Prosody cannot make a member of somebody who is an admin by its configuration, and gives up the
// room: the second try works, and others get what is theirs.
func TestRoomsOfAnAdmin(t *testing.T) {
	o := roomsOptions{muc: fmt.Sprintf("admins = { %q, %q, %q }\n", usherJID, "focus@"+services, "admin@"+meet)}
	eachRooms(t, o, func(t *testing.T, w *roomsWorld) {
		r := room("admin")
		w.enter(t, "admin", "admin", nil)
		zoe := w.enter(t, "zoe", "admin", moderator)
		zoe.refused(r, "internal-server-error")
		zoe.insist(within(t), r)
		zoe.becomes(r, "moderator/owner")
		w.enter(t, "bob", "admin", nil).joinAs(r, "participant/member")
		w.enter(t, "admin", "admin", nil).joinAs(r, "moderator/owner")
		w.enter(t, "yves", "*", moderator).joinAs(r, "moderator/owner")
	})
}
