package reconcile_test

import (
	"context"
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

const hall = "hall@" + conference

// startHall has alice in a room that usher knows, and a keeper that looks at no room by itself.
func startHall(t *testing.T, latency time.Duration) (*fixture, *fakeRooms, *acting) {
	t.Helper()
	f, r := newFixture(t, sessions.State{}), newFakeRooms(latency)
	k := f.connect(r)
	k.Attend(t)
	alice := f.Identity("alice", "token of alice", "*")
	alice.Expires = f.Now().Add(24 * time.Hour)
	f.Login(t, alice)
	f.Joins(t, "alice@"+host, hall, moderation.ReasonToken)
	r.enter("alice@" + host)
	return f, r, k
}

// before is BeforeJoin as the gateway asks: it waits for 200 ms at most.
func (f *fixture) before(t *testing.T, user, room string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	f.BeforeJoin(ctx, user, room)
}

// did wants so many readings of the room, and exactly these changes, since the last time.
func (r *fakeRooms) did(t *testing.T, looks int, sets ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if got := strings.Join(r.sets, ", "); r.looks != looks || got != strings.Join(sets, ", ") {
		t.Errorf("read %d times, set %q; want %d times, %q", r.looks, got, looks, sets)
	}
	r.looks, r.sets = 0, nil
}

func (r *fakeRooms) change(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

// begins wants a new room to begin with these, and alice, who never announces herself, not to be one of them.
func (f *fixture) begins(t *testing.T, room string, want map[string]moderation.Affiliation) {
	t.Helper()
	seeds, d := f.Create(t.Context(), room)
	if !d.Allowed || len(seeds) != len(want) {
		t.Errorf("%s begins with %v, %+v; want %v", room, seeds, d, want)
	}
	for account, a := range want {
		if seeds[account+"@"+host] != a {
			t.Errorf("%s begins with %v, want %v", room, seeds, want)
		}
	}
}

// TestBeforeJoin: what a token says is set before a join, once, and by then the ledger says so.
func TestBeforeJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, r, _ := startHall(t, time.Millisecond)
		f.moderator(t, "bob", "*")
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
	synctest.Test(t, func(t *testing.T) {
		f, r, _ := startHall(t, 2*time.Millisecond)
		const n = 400
		var all sync.WaitGroup
		for i := range n {
			account := fmt.Sprint("user", i)
			f.moderator(t, account, "*")
			for range 2 { // on two devices
				all.Go(func() {
					f.before(t, account+"@"+host, hall)
					r.change(func() {
						if got := r.has[account+"@"+host]; got != moderation.Owner {
							t.Errorf("%s joins as %q", account, got)
						}
					})
				})
			}
		}
		all.Wait()
	})
}

// TestBeforeJoinNothing: for whom nothing is asked, set or remembered.
func TestBeforeJoinNothing(t *testing.T) {
	f, r := newFixture(t, sessions.State{}), newFakeRooms(0)
	p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: host, MUC: []string{conference}, Breakout: []string{"breakout." + host},
		Guests: []string{"guest." + host}, ServiceAccounts: []string{"focus@" + host}, Others: moderation.None}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.Reload(t.Context(), p)
	f.connect(r).Attend(t)
	f.moderator(t, "focus", "*")
	f.moderator(t, "mallory", "another")
	f.moderator(t, "gone", "*")
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
	f.moderator(t, "bob", "*")
	for _, room := range []string{"", "@", "hall", "hall@", "@" + conference, hall + "/nick", "a@b@" + conference, "a b@" + conference, "hall@" + conference + "..", "hall\x00@" + conference, "\xff@" + conference,
		strings.Repeat("x", 4000) + "@" + conference, "x@breakout." + host, "x@elsewhere", "hall＠y@" + conference} {
		f.before(t, "bob@"+host, room)
		r.did(t, 0)
	}
	f.begins(t, hall, nil)
}

// TestBeforeJoinNewRoom: a room that is made begins with those who announced themselves, and whose token says something.
func TestBeforeJoinNewRoom(t *testing.T) {
	f, r := newFixture(t, sessions.State{}), newFakeRooms(0)
	f.connect(r).Attend(t)
	regex := f.Identity("regex", "token of regex", "new-.*")
	regex.RoomRegex = true
	f.Login(t, regex)
	f.Login(t, f.Identity("member", "token of member", "*"))
	f.Login(t, f.Identity("named", "token of named", "new-1"))
	for _, account := range []string{"bob", "ended", "other"} { // other is silent
		f.moderator(t, account, "*")
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
	f := newFixture(t, sessions.State{})
	f.moderator(t, "bob", "*")
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
		"no keeper": func(*testing.T, *fixture) {},
		"no connection": func(t *testing.T, f *fixture) {
			r := newFakeRooms(time.Hour)
			r.connection = 0
			f.connect(r).Attend(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, sessions.State{})
				prepare(t, f)
				f.moderator(t, "bob", "*")
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
	synctest.Test(t, func(t *testing.T) {
		f, r, k := startHall(t, time.Millisecond)
		f.moderator(t, "bob", "*")
		f.before(t, "bob@"+host, hall)
		r.did(t, 1, "bob@"+host+" owner")
		f.Pass(time.Minute)
		f.moderator(t, "carol", "*")
		r.change(func() { r.fail, r.has = moderation.ErrNoRoom, map[string]moderation.Affiliation{} })
		f.before(t, "carol@"+host, hall)
		f.before(t, "bob@"+host, hall) // the ledger of the old room knew him
		f.begins(t, hall, map[string]moderation.Affiliation{"bob": moderation.Owner, "carol": moderation.Owner})
		r.change(func() { r.fail = nil; r.has["bob@"+host] = moderation.Owner; r.has["carol@"+host] = moderation.Owner })
		f.Joins(t, "carol@"+host, hall, moderation.ReasonToken)
		stop := run(t, k)
		time.Sleep(time.Minute)
		stop()
		if _, err := f.Revoke(t.Context(), sessions.Target{Account: "carol"}, false); err != nil {
			t.Fatal(err)
		}
		stop = run(t, k)
		defer stop()
		r.connected <- struct{}{}
		time.Sleep(time.Minute)
		r.change(func() {
			if r.has["carol@"+host] != moderation.None || r.has["bob@"+host] != moderation.Owner {
				t.Errorf("carol, who was revoked, is %q, bob %q", r.has["carol@"+host], r.has["bob@"+host])
			}
		})
	})
}

// TestBeforeJoinKeeps: a ban stays, not lifted for a moment, and so does what is more than a token says.
func TestBeforeJoinKeeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, r, _ := startHall(t, time.Millisecond)
		f.moderator(t, "banned", "*")
		for _, account := range []string{"admin", "owner", "member"} {
			f.Login(t, f.Identity(account, "token of "+account, "*"))
		}
		r.change(func() {
			r.has["banned@"+host], r.has["admin@"+host], r.has["owner@"+host], r.has["member@"+host] = moderation.Outcast, moderation.Admin, moderation.Owner, moderation.Member
		})
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
		r.change(func() { r.has["banned@"+host] = moderation.None })
		f.before(t, "banned@"+host, hall)
		r.did(t, 1, "banned@"+host+" owner")
	})
}

// TestBeforeJoinTakenAway: what an owner took away is not given again by the same token, in a new room neither.
func TestBeforeJoinTakenAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, r, k := startHall(t, time.Millisecond)
		f.moderator(t, "bob", "*")
		f.before(t, "bob@"+host, hall)
		r.did(t, 1, "bob@"+host+" owner")
		r.change(func() { r.has["bob@"+host] = moderation.None })
		f.before(t, "bob@"+host, hall) // nobody has seen it yet
		r.did(t, 0)
		f.Joins(t, "bob@"+host, hall, moderation.ReasonToken)
		stop := run(t, k)
		time.Sleep(time.Minute)
		stop()
		k.Attend(t)
		r.change(func() { r.sets, r.looks = nil, 0 })
		f.moderator(t, "bob", "*") // the same token
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
	f, r := newFixture(t, sessions.State{}), newFakeRooms(time.Hour)
	f.connect(r).Attend(t)
	f.moderator(t, "mallory", "*")
	f.moderator(t, "bob", "*")
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
