package notify_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/lobby"
	"usher/moderation"
	"usher/moderation/moderationtest"
)

const (
	alice = "alice@" + host
	bob   = "bob@" + host
	guest = "g@guest." + host
	other = "other@" + conference
)

// knocksAt has a guest wait in a room, and returns the ID of that.
func (f *fixture) knocksAt(t *testing.T, room, jid string) string {
	t.Helper()
	f.Join(t.Context(), jid, room, "G")
	for _, k := range f.Lobby.Knocks(room) {
		if k.JID == jid {
			return k.ID
		}
	}
	t.Fatalf("%s does not wait in %s", jid, room)
	return ""
}

// sees is what an account has of its rooms, as text.
func (f *fixture) sees(t *testing.T, account, first string) string {
	t.Helper()
	rooms, err := f.OwnRooms(t.Context(), account, first)
	if err != nil {
		return err.Error()
	}
	var list []string
	for _, r := range rooms {
		name, _, _ := strings.Cut(r.Room, "@")
		var who []string
		for _, k := range r.Waiting {
			who = append(who, k.JID)
		}
		list = append(list, fmt.Sprintf("%s%v", name, who))
	}
	return strings.Join(list, " ")
}

// TestOwnRooms: an account sees the rooms in which it is owner and occupant now, and no others: neither that of another
// owner, nor one that it has left, nor one where it was demoted, nor one where it is moderator by its role alone.
func TestOwnRooms(t *testing.T) {
	inBothOrders(t, lobby.Gate, func(t *testing.T, f *fixture, r *moderationtest.MUC, stop func()) {
		defer stop()
		time.Sleep(time.Minute)
		for _, room := range []string{other, "third@" + conference} {
			r.Room(room).Give(bob, moderation.Owner)
			r.Room(room).Join(bob)
		}
		f.knocksAt(t, standup, guest)
		f.knocksAt(t, other, guest)
		time.Sleep(time.Second) // moderators are told, and so remembered
		want := func(account, first, want string) {
			t.Helper()
			if got := f.sees(t, account, first); got != want {
				t.Errorf("%s, from %s, sees %q, want %q", account, first, got, want)
			}
		}
		want(alice, standup, "standup["+guest+"]")
		want(alice, other, "standup["+guest+"]")
		want(bob, other, "other["+guest+"]")
		want(bob, "third@"+conference, "other["+guest+"] third[]")
		want(guest, standup, "")
		want(alice, "nowhere@"+conference, "standup["+guest+"]")
		want(alice, "standup@elsewhere.example", "standup["+guest+"]")

		r.Room(other).Give(alice, moderation.Owner) // not there
		want(alice, other, "standup["+guest+"]")
		r.Room(other).Join(alice)
		want(alice, other, "other["+guest+"] standup["+guest+"]")
		r.Room(other).Give(alice, moderation.Member)
		want(alice, other, "standup["+guest+"]")
		r.Room(other).JoinAs(alice, moderation.RoleModerator) // by the role alone
		want(alice, other, "standup["+guest+"]")
		r.Room(standup).Leave(alice)
		want(alice, standup, "")

		r.Fail(moderation.ErrUnreachable)
		want(bob, other, moderation.ErrUnreachable.Error())
	})
}

// TestOwnRoomsBound: however many rooms an account has, few are asked at once.
func TestOwnRoomsBound(t *testing.T) {
	inBothOrders(t, lobby.Gate, func(t *testing.T, f *fixture, r *moderationtest.MUC, stop func()) {
		defer stop()
		time.Sleep(time.Minute)
		for i := range 60 {
			room := fmt.Sprintf("r%d@%s", i, conference)
			r.Room(room).Give(alice, moderation.Owner)
			r.Room(room).Join(alice)
			f.knocksAt(t, room, guest)
		}
		time.Sleep(time.Second)
		rooms, err := f.OwnRooms(t.Context(), alice, standup)
		if err != nil || len(rooms) != 20 {
			t.Errorf("%d rooms: %v", len(rooms), err)
		}
	})
}

// TestDecideKnockAs: who decides has to be owner and occupant of the room in which the wait is, now. The audit says who
// decided about whom, and nothing of who has no part in the room.
func TestDecideKnockAs(t *testing.T) {
	inBothOrders(t, lobby.Gate, func(t *testing.T, f *fixture, r *moderationtest.MUC, stop func()) {
		defer stop()
		time.Sleep(time.Minute)
		r.Room(other).Give(bob, moderation.Owner)
		r.Room(other).Join(bob)
		here, there := f.knocksAt(t, standup, guest), f.knocksAt(t, other, guest)
		time.Sleep(time.Second)
		try := func(what, account, room, id string, want error) {
			t.Helper()
			if _, err := f.DecideKnockAs(t.Context(), account, room, id, true); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", what, err, want)
			}
		}
		try("another's room", alice, other, there, moderation.ErrNotModerator)
		try("another room's ID in one's own", alice, standup, there, lobby.ErrKnockOver)
		try("one's own ID in another's room", alice, other, here, lobby.ErrKnockOver)
		try("a guest", guest, standup, here, moderation.ErrNotModerator)
		try("a guessed ID", alice, standup, "0123456789abcdef", lobby.ErrKnockOver)
		try("a room elsewhere", alice, "standup@elsewhere.example", here, lobby.ErrKnockOver)
		r.Room(standup).Give(alice, moderation.Member)
		try("demoted", alice, standup, here, moderation.ErrNotModerator)
		r.Room(standup).Give(alice, moderation.Owner)
		r.Room(standup).Leave(alice)
		try("left", alice, standup, here, moderation.ErrNotModerator)
		r.Room(standup).Give(alice, moderation.Owner) // the room was gone with its last occupant
		r.Room(standup).Join(alice)
		r.Fail(moderation.ErrUnreachable)
		try("not known", alice, standup, here, moderation.ErrUnreachable)
		r.Fail(nil)
		if f.Lobby.Standing(lobby.Room{JID: standup}, guest) != lobby.Unlisted {
			t.Fatal("somebody let it in")
		}
		account, err := f.DecideKnockAs(t.Context(), alice, standup, here, true)
		if err != nil || account != guest {
			t.Errorf("%q: %v", account, err)
		}
		try("again", alice, standup, here, lobby.ErrKnockOver)
		if account, err = f.DecideKnock(t.Context(), other, there, false); err != nil || account != guest {
			t.Errorf("an operator: %q: %v", account, err)
		}
	})
}

// TestNoLinks: where there is no page moderators are told as before, once, by their bare JID.
func TestNoLinks(t *testing.T) {
	inBothOrders(t, lobby.Gate, func(t *testing.T, f *fixture, r *moderationtest.MUC, stop func()) {
		defer stop()
		time.Sleep(time.Minute)
		f.knocksAt(t, standup, guest)
		time.Sleep(time.Second)
		told := r.Seen().Told
		if len(told) != 1 || !strings.HasPrefix(told[0], alice+": ") || !strings.Contains(told[0], "usher lobby admit") ||
			strings.Contains(told[0], "https:") {
			t.Errorf("%q", told)
		}
	})
}

// TestLinks: each client of an owner gets a link of its own, at its full JID and nowhere else; a moderator who is no owner
// gets none, and neither does one for whom none can be made.
func TestLinks(t *testing.T) {
	inBothOrders(t, lobby.Gate, func(t *testing.T, f *fixture, r *moderationtest.MUC, stop func()) {
		defer stop()
		time.Sleep(time.Minute)
		admin, late := "admin@"+host, "late@"+host
		r.Room(standup).Give(admin, moderation.Admin)
		r.Room(standup).Join(admin)
		r.Room(standup).Give(late, moderation.Owner)
		r.Room(standup).Join(late)
		made := 0
		f.Link = func(account, room string) (string, bool) {
			if account == late {
				return "", false
			}
			if made++; made > 1 {
				return "", true // as many wait as there may be
			}
			return fmt.Sprintf("https://console.example.com/enter#%s-%s-%d", account, room, made), true
		}
		f.knocksAt(t, standup, guest)
		time.Sleep(time.Second)
		for _, text := range r.Seen().Told {
			to, said, _ := strings.Cut(text, ": ")
			link := "https://console.example.com/enter#" + alice + "-" + standup + "-1"
			switch to {
			case alice + "/client":
				if !strings.HasSuffix(said, "\n"+link) || !strings.Contains(said, guest) {
					t.Errorf("alice is told %q", said)
				}
			case admin, late:
				if strings.Contains(said, "https:") || !strings.Contains(said, guest) {
					t.Errorf("%s is told %q", to, said)
				}
			default:
				t.Errorf("%s is told %q", to, said)
			}
		}
		if len(r.Seen().Told) != 3 || made != 1 {
			t.Errorf("%d links: %q", made, r.Seen().Told)
		}
		f.knocksAt(t, standup, "other@guest."+host)
		time.Sleep(time.Second)
		if last := r.Seen().Told[3:]; !slices.ContainsFunc(last, func(text string) bool {
			return strings.HasPrefix(text, alice+"/client: ") && strings.HasSuffix(text, "the link of an earlier message.")
		}) {
			t.Errorf("without a new link: %q", last)
		}
	})
}

// TestLinksOfMany: where everybody is owner, some are sent links, and the others the message without one.
func TestLinksOfMany(t *testing.T) {
	inBothOrders(t, lobby.Gate, func(t *testing.T, f *fixture, r *moderationtest.MUC, stop func()) {
		defer stop()
		time.Sleep(time.Minute)
		for i := range 2 * 50 {
			owner := fmt.Sprintf("owner%d@%s", i, host)
			r.Room(standup).Give(owner, moderation.Owner)
			r.Room(standup).Join(owner)
		}
		f.Link = func(string, string) (string, bool) { return "https://console.example.com/enter#x", true }
		f.knocksAt(t, standup, guest)
		time.Sleep(time.Second)
		links := 0
		for _, text := range r.Seen().Told {
			if strings.Contains(text, "https:") {
				links++
			}
		}
		if told := len(r.Seen().Told); links != 50 || told != 2*50+1 { // and alice
			t.Errorf("%d links in %d messages", links, told)
		}
	})
}
