package reconcile_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/sessions"
)

// TestBeforeJoin: what a token says is set before a join, once, and by then it is an assignment.
func TestBeforeJoin(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f, r, _ := startHall(t, order, time.Millisecond)
		f.Moderator(t, "bob", "*")
		f.Login(t, f.Identity("carol", "token of carol", ".*"))
		f.before(t, "bob@"+host, "Hall@CONFERENCE.meet.example.com.")
		r.did(t, 1, "bob@"+host+" owner")
		f.before(t, "bob@"+host, hall)
		r.did(t, 0)
		f.before(t, "carol@"+host, hall) // whose token is for another room
		r.did(t, 0)
		f.before(t, "alice@"+host, "ｈａｌｌ@"+conference)
		r.did(t, 1, "alice@"+host+" member")
		f.Pass(time.Second)
		f.Login(t, f.Identity("bob", "another token", "*")) // takes the claim back
		f.before(t, "bob@"+host, hall)
		r.did(t, 1, "bob@"+host+" member")
		f.before(t, "bob@"+host, hall)
		r.did(t, 0)
	})
}

// TestBeforeJoinTogether: many at once are all served, each once.
func TestBeforeJoinTogether(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f, r, _ := startHall(t, order, 2*time.Millisecond)
		const n = 400
		var all sync.WaitGroup
		for i := range n {
			account := fmt.Sprint("user", i)
			f.Moderator(t, account, "*")
			for range 2 { // on two devices
				all.Go(func() {
					f.before(t, account+"@"+host, hall)
					if got := r.has(hall, account+"@"+host); got != moderation.Owner {
						t.Errorf("%s joins as %q", account, got)
					}
				})
			}
		}
		all.Wait()
	})
}

// TestBeforeJoinNothing: for whom nothing is asked, set or remembered.
func TestBeforeJoinNothing(t *testing.T) {
	f, r := newFixture(t, moderationtest.State{}), newRooms(t, moderationtest.InOrder, 0)
	p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: host, MUC: []string{conference}, Breakout: []string{"breakout." + host},
		Guests: []string{"guest." + host}, ServiceAccounts: []string{"focus@" + host}, Others: moderation.None}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.Reload(t.Context(), p)
	f.attend(t, r)
	f.Moderator(t, "focus", "*")
	f.Moderator(t, "mallory", "another")
	f.Moderator(t, "gone", "*")
	f.Login(t, f.Identity("alice", "token of alice", "*"))
	f.Joins(t, "alice@"+host, hall, moderation.ReasonToken)
	f.Joins(t, "alice@"+host, "x@breakout."+host, moderation.ReasonBreakoutUnknown)
	if _, err := f.Revoke(t.Context(), sessions.Target{Account: "gone"}, false); err != nil {
		t.Fatal(err)
	}
	for _, row := range [][2]string{
		{"alice@" + host, hall}, {"mallory@" + host, hall}, {"focus@" + host, hall}, {"gone@" + host, hall}, {"guest@guest." + host, hall}, {"nobody@" + host, hall},
		{"bob@elsewhere", hall}, {host, hall}, {"", hall}, {"mallory@" + host, "x@breakout." + host}, {"mallory@" + host, "x@elsewhere"},
	} {
		f.before(t, row[0], row[1])
		r.did(t, 0)
	}
	f.Moderator(t, "bob", "*")
	for _, room := range []string{"", "@", "hall", "hall@", "@" + conference, hall + "/nick", "a@b@" + conference, "a b@" + conference, "hall@" + conference + "..", "hall\x00@" + conference, "\xff@" + conference,
		strings.Repeat("x", 4000) + "@" + conference, "x@breakout." + host, "x@elsewhere", "hall＠y@" + conference} {
		f.before(t, "bob@"+host, room)
		r.did(t, 0)
	}
	f.begins(t, hall, nil)
}

// TestBeforeJoinNewRoom: a room that is made begins with those who announced themselves, and whose token says something.
func TestBeforeJoinNewRoom(t *testing.T) {
	f, r := newFixture(t, moderationtest.State{}), newRooms(t, moderationtest.InOrder, 0)
	f.attend(t, r)
	regex := f.Identity("regex", "token of regex", "new-.*")
	regex.RoomRegex = true
	f.Login(t, regex)
	f.Login(t, f.Identity("member", "token of member", "*"))
	f.Login(t, f.Identity("named", "token of named", "new-1"))
	for _, account := range []string{"bob", "ended", "other"} { // other is silent
		f.Moderator(t, account, "*")
	}
	f.Login(t, f.Identity("other", "token of other", "*"))
	for _, account := range []string{"bob", "regex", "member", "named", "ended"} {
		f.before(t, account+"@"+host, "New-1@"+conference)
	}
	f.before(t, "bob@"+host, "new-2@"+conference)
	r.did(t, 0)
	if _, err := f.Revoke(t.Context(), sessions.Target{Account: "ended"}, false); err != nil {
		t.Fatal(err)
	}
	f.begins(t, "new-1@"+conference, map[string]moderation.Affiliation{"bob": moderation.Owner, "regex": moderation.Member, "member": moderation.Member, "named": moderation.Member})
	f.Pass(5 * time.Second)
	f.before(t, "member@"+host, "new-2@"+conference)
	f.Pass(5 * time.Second)
	f.begins(t, "new-2@"+conference, map[string]moderation.Affiliation{"member": moderation.Member}) // bob came too late
	f.Pass(10 * time.Second)
	f.begins(t, "new-2@"+conference, nil)
}

// TestBeforeJoinReloaded: who announced himself is nothing to a room that is another host's by the time it is made.
func TestBeforeJoinReloaded(t *testing.T) {
	f := newFixture(t, moderationtest.State{})
	f.Moderator(t, "bob", "*")
	f.before(t, "bob@"+host, hall)
	p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: host}, {Host: "other.example.com", MUC: []string{conference}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.Reload(t.Context(), p)
	f.begins(t, hall, nil)
}

// TestBeforeJoinAlone: without a component new rooms begin all the same, and nobody waits.
func TestBeforeJoinAlone(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, f *fixture){
		"no reconciler": func(*testing.T, *fixture) {},
		"no connection": func(t *testing.T, f *fixture) {
			r := newRooms(t, moderationtest.InOrder, time.Hour)
			r.Renumber(0)
			f.attend(t, r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, moderationtest.State{})
				prepare(t, f)
				f.Moderator(t, "bob", "*")
				f.Joins(t, "bob@"+host, hall, moderation.ReasonToken)
				began := time.Now()
				f.before(t, "bob@"+host, hall)
				if took := time.Since(began); took != 0 {
					t.Errorf("it took %v", took)
				}
				f.begins(t, hall, map[string]moderation.Affiliation{"bob": moderation.Owner})
			})
		})
	}
}

// TestBeforeJoinRoomHasGone: of a room that usher thinks is there Prosody may say that it is not: then it is a new one.
func TestBeforeJoinRoomHasGone(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f, r, k := startHall(t, order, time.Millisecond)
		f.Moderator(t, "bob", "*")
		f.before(t, "bob@"+host, hall)
		r.did(t, 1, "bob@"+host+" owner")
		f.Pass(time.Minute)
		f.Moderator(t, "carol", "*")
		r.Fail(moderation.ErrNoRoom)
		r.Room(hall).Begin("")
		f.before(t, "carol@"+host, hall)
		f.before(t, "bob@"+host, hall) // the assignments of the old room knew him
		f.begins(t, hall, map[string]moderation.Affiliation{"bob": moderation.Owner, "carol": moderation.Owner})
		r.Fail(nil)
		r.Room(hall).Give("bob@"+host, moderation.Owner)
		r.Room(hall).Give("carol@"+host, moderation.Owner)
		f.Joins(t, "carol@"+host, hall, moderation.ReasonToken)
		stop := moderationtest.Run(t, k.Run)
		time.Sleep(time.Minute)
		stop()
		if _, err := f.Revoke(t.Context(), sessions.Target{Account: "carol"}, false); err != nil {
			t.Fatal(err)
		}
		stop = moderationtest.Run(t, k.Run)
		defer stop()
		r.Connect(1)
		time.Sleep(time.Minute)
		if r.has(hall, "carol@"+host) != moderation.None || r.has(hall, "bob@"+host) != moderation.Owner {
			t.Errorf("carol, who was revoked, is %q, bob %q", r.has(hall, "carol@"+host), r.has(hall, "bob@"+host))
		}
	})
}

// TestBeforeJoinKeeps: a ban stays, not lifted for a moment, and so does what is more than a token says.
func TestBeforeJoinKeeps(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f, r, _ := startHall(t, order, time.Millisecond)
		f.Moderator(t, "banned", "*")
		for _, account := range []string{"admin", "owner", "member"} {
			f.Login(t, f.Identity(account, "token of "+account, "*"))
		}
		r.Room(hall).Give("banned@"+host, moderation.Outcast)
		r.Room(hall).Give("admin@"+host, moderation.Admin)
		r.Room(hall).Give("owner@"+host, moderation.Owner)
		r.Room(hall).Give("member@"+host, moderation.Member)
		f.before(t, "banned@"+host, hall)
		r.did(t, 1)
		f.before(t, "banned@"+host, hall) // nothing is remembered of it: it may be lifted
		r.did(t, 1)
		for _, account := range []string{"admin", "owner", "member"} {
			f.before(t, account+"@"+host, hall)
			r.did(t, 1)
			f.before(t, account+"@"+host, hall)
			r.did(t, 0)
		}
		r.Room(hall).Give("banned@"+host, moderation.None)
		f.before(t, "banned@"+host, hall)
		r.did(t, 1, "banned@"+host+" owner")
	})
}

// TestBeforeJoinOverridden: what an owner took away is not given again by the same token, in a new room neither.
func TestBeforeJoinOverridden(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f, r, k := startHall(t, order, time.Millisecond)
		f.Moderator(t, "bob", "*")
		f.before(t, "bob@"+host, hall)
		r.did(t, 1, "bob@"+host+" owner")
		r.Room(hall).Give("bob@"+host, moderation.None)
		f.before(t, "bob@"+host, hall) // nobody has seen it yet
		r.did(t, 0)
		f.Joins(t, "bob@"+host, hall, moderation.ReasonToken)
		stop := moderationtest.Run(t, k.Run)
		time.Sleep(time.Minute)
		stop()
		k.Attend(t)
		r.Forget()
		f.Moderator(t, "bob", "*") // the same token
		f.before(t, "bob@"+host, hall)
		r.did(t, 0)
		f.begins(t, hall, nil)
		f.Pass(time.Second)
		again := f.Identity("bob", "another token", "*")
		again.Moderator = true
		f.Login(t, again)
		f.before(t, "bob@"+host, hall)
		r.did(t, 1, "bob@"+host+" owner")
	})
}

// TestBeforeJoinFlood: any number of rooms that one user makes up have nobody asked, and leave memory bounded.
func TestBeforeJoinFlood(t *testing.T) {
	if testing.Short() {
		t.Skip("a hundred thousand of them")
	}
	f, r := newFixture(t, moderationtest.State{}), newRooms(t, moderationtest.InOrder, time.Hour)
	f.attend(t, r)
	f.Moderator(t, "mallory", "*")
	f.Moderator(t, "bob", "*")
	before := moderationtest.Heap()
	for i := range 100_000 {
		f.BeforeJoin(t.Context(), "mallory@"+host, fmt.Sprintf("room-%d-%s@%s", i, strings.Repeat("x", 40), conference))
	}
	if grown := moderationtest.Heap() - before; grown > 16<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
	r.did(t, 0)
	f.before(t, "bob@"+host, "honest@"+conference)
	f.begins(t, "honest@"+conference, map[string]moderation.Affiliation{"bob": moderation.Owner})
}
