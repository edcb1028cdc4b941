package moderation_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usher/auth"
	"usher/lobby"
	"usher/moderation"
)

const hall = "hall@" + muc

// startHall has alice in a room that usher knows, and a keeper that looks at no room by itself.
func startHall(t *testing.T, latency time.Duration) (*fixture, *fakeRooms, *moderation.Keeper) {
	t.Helper()
	f, r := newFixture(t, moderation.State{}), newFakeRooms(latency)
	k := moderation.NewKeeper(f.Sessions, r)
	alice := f.identity("alice", "token of alice", "*")
	alice.Expires = f.now().Add(24 * time.Hour)
	f.record(t, alice)
	f.joins(t, "alice@"+host, hall, moderation.ReasonToken)
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
		f.record(t, f.identity("carol", "token of carol", ".*"))
		f.before(t, "bob@"+host, "Hall@CONFERENCE.meet.example.com.")
		r.did(t, 1, "bob@"+host+" owner")
		f.before(t, "bob@"+host, hall)
		r.did(t, 0)
		f.before(t, "carol@"+host, hall) // whose token is for another room
		r.did(t, 0)
		f.before(t, "alice@"+host, "ｈａｌｌ@"+muc)
		r.did(t, 1, "alice@"+host+" member")
		f.pass(time.Second)
		f.record(t, f.identity("bob", "another token", "*")) // takes the claim back
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
	f, r := newFixture(t, moderation.State{}), newFakeRooms(0)
	p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: host, MUC: []string{muc}, Breakout: []string{"breakout." + host},
		Guests: []string{"guest." + host}, ServiceAccounts: []string{"focus@" + host}, Others: moderation.None}})
	if err != nil {
		t.Fatal(err)
	}
	f.Reload(p)
	moderation.NewKeeper(f.Sessions, r)
	f.moderator(t, "focus", "*")
	f.moderator(t, "mallory", "another")
	f.moderator(t, "gone", "*")
	f.record(t, f.identity("alice", "token of alice", "*"))
	f.joins(t, "alice@"+host, hall, moderation.ReasonToken)
	f.joins(t, "alice@"+host, "x@breakout."+host, moderation.ReasonBreakoutUnknown)
	if _, err := f.Revoke(t.Context(), "gone"); err != nil {
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
	for _, room := range []string{"", "@", "hall", "hall@", "@" + muc, hall + "/nick", "a@b@" + muc, "a b@" + muc, "hall@" + muc + "..", "hall\x00@" + muc, "\xff@" + muc,
		strings.Repeat("x", 4000) + "@" + muc, "x@breakout." + host, "x@elsewhere", "hall＠y@" + muc} {
		f.before(t, "bob@"+host, room)
		r.did(t, 0)
	}
	f.begins(t, hall, nil)
}

// TestBeforeJoinNewRoom: a room that is made begins with those who announced themselves, and whose token says something.
func TestBeforeJoinNewRoom(t *testing.T) {
	f, r := newFixture(t, moderation.State{}), newFakeRooms(0)
	moderation.NewKeeper(f.Sessions, r)
	regex := f.identity("regex", "token of regex", "new-.*")
	regex.RoomRegex = true
	f.record(t, regex)
	f.record(t, f.identity("member", "token of member", "*"))
	f.record(t, f.identity("named", "token of named", "new-1"))
	for _, account := range []string{"bob", "ended", "other"} { // other is silent
		f.moderator(t, account, "*")
	}
	f.record(t, f.identity("other", "token of other", "*"))
	for _, account := range []string{"bob", "regex", "member", "named", "ended"} {
		f.before(t, account+"@"+host, "New-1@"+muc)
	}
	f.before(t, "bob@"+host, "new-2@"+muc)
	r.did(t, 0)
	if _, err := f.Revoke(t.Context(), "ended"); err != nil {
		t.Fatal(err)
	}
	f.begins(t, "new-1@"+muc, map[string]moderation.Affiliation{"bob": moderation.Owner, "regex": moderation.Member, "member": moderation.Member, "named": moderation.Member})
	f.pass(5 * time.Second)
	f.before(t, "member@"+host, "new-2@"+muc)
	f.pass(5 * time.Second)
	f.begins(t, "new-2@"+muc, map[string]moderation.Affiliation{"member": moderation.Member}) // bob came too late
	f.pass(10 * time.Second)
	f.begins(t, "new-2@"+muc, nil)
}

// TestBeforeJoinReloaded: who announced himself is nothing to a room that is another host's by the time it is made.
func TestBeforeJoinReloaded(t *testing.T) {
	f := newFixture(t, moderation.State{})
	f.moderator(t, "bob", "*")
	f.before(t, "bob@"+host, hall)
	p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: host}, {Host: "other.example.com", MUC: []string{muc}}})
	if err != nil {
		t.Fatal(err)
	}
	f.Reload(p)
	f.begins(t, hall, nil)
}

// TestBeforeJoinAlone: without a component new rooms begin all the same, and nobody waits.
func TestBeforeJoinAlone(t *testing.T) {
	for name, prepare := range map[string]func(f *fixture){
		"no keeper": func(*fixture) {},
		"no connection": func(f *fixture) {
			r := newFakeRooms(time.Hour)
			r.connection = 0
			moderation.NewKeeper(f.Sessions, r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, moderation.State{})
				prepare(f)
				f.moderator(t, "bob", "*")
				f.joins(t, "bob@"+host, hall, moderation.ReasonToken)
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
		f.pass(time.Minute)
		f.moderator(t, "carol", "*")
		r.change(func() { r.fail, r.has = moderation.ErrNoRoom, map[string]moderation.Affiliation{} })
		f.before(t, "carol@"+host, hall)
		f.before(t, "bob@"+host, hall) // the ledger of the old room knew him
		f.begins(t, hall, map[string]moderation.Affiliation{"bob": moderation.Owner, "carol": moderation.Owner})
		r.change(func() { r.fail = nil; r.has["bob@"+host] = moderation.Owner; r.has["carol@"+host] = moderation.Owner })
		f.joins(t, "carol@"+host, hall, moderation.ReasonToken)
		stop := run(t, k)
		time.Sleep(time.Minute)
		stop()
		if _, err := f.Revoke(t.Context(), "carol"); err != nil {
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
			f.record(t, f.identity(account, "token of "+account, "*"))
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
		f.joins(t, "bob@"+host, hall, moderation.ReasonToken)
		stop := run(t, k)
		time.Sleep(time.Minute)
		stop()
		r.change(func() { r.sets, r.looks = nil, 0 })
		f.moderator(t, "bob", "*") // the same token
		f.before(t, "bob@"+host, hall)
		r.did(t, 0)
		f.begins(t, hall, nil)
		f.pass(time.Second)
		again := f.identity("bob", "another token", "*")
		again.Moderator = true
		f.record(t, again)
		f.before(t, "bob@"+host, hall)
		r.did(t, 1, "bob@"+host+" owner")
	})
}

// TestBeforeJoinDeadline: whoever waits goes on after 200 ms, and what was begun comes to its end: it is what the ledger
// says, and is taken back when the session is revoked.
func TestBeforeJoinDeadline(t *testing.T) {
	for name, row := range map[string]struct {
		latency, slow time.Duration
		read          int // by the deadline
	}{
		"reading": {latency: time.Second},
		"setting": {slow: time.Second, read: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, r, k := startHall(t, time.Millisecond)
				f.moderator(t, "bob", "*")
				r.change(func() { r.latency, r.slow = row.latency, row.slow })
				began := time.Now()
				f.before(t, "bob@"+host, hall)
				if took := time.Since(began); took != 200*time.Millisecond {
					t.Errorf("it took %v", took)
				}
				r.did(t, row.read)
				time.Sleep(3 * time.Second)
				r.change(func() { r.latency, r.slow = time.Millisecond, 0 })
				r.did(t, 1-row.read, "bob@"+host+" owner")
				f.before(t, "bob@"+host, hall) // the ledger says so
				r.did(t, 0)
				f.joins(t, "bob@"+host, hall, moderation.ReasonToken)
				r.enter("bob@" + host) // as a participant: it was too late
				stop := run(t, k)
				defer stop()
				time.Sleep(10 * time.Second)
				r.change(func() {
					if r.there["bob@"+host] != moderation.RoleModerator {
						t.Errorf("he is %s", r.there["bob@"+host])
					}
				})
				if _, err := f.Revoke(t.Context(), "bob"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				r.change(func() {
					if _, in := r.there["bob@"+host]; in || r.has["bob@"+host] != moderation.None {
						t.Errorf("after the revocation he is %q, in: %v", r.has["bob@"+host], in)
					}
				})
			})
		})
	}
}

// TestBeforeJoinFull: while as many are seen to as there are places, others wait for one, and the look after the join
// does what they did not wait for.
func TestBeforeJoinFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, r, k := startHall(t, 150*time.Millisecond)
		const n = 32
		var late []string
		var all sync.WaitGroup
		for i := range 3 * n {
			account := fmt.Sprintf("user%03d", i)
			f.moderator(t, account, "*")
			if i >= 2*n {
				late = append(late, account+"@"+host)
			}
			all.Go(func() { f.before(t, account+"@"+host, hall) })
			synctest.Wait() // in this order
		}
		all.Wait()
		if took, sets := r.seen(); took != n || len(sets) != n {
			t.Errorf("%d were seen to in 200 ms", len(sets))
		}
		time.Sleep(time.Minute)
		if _, sets := r.seen(); len(sets) != 2*n {
			t.Errorf("%d were seen to in the end", len(sets))
		}
		defer run(t, k)()
		time.Sleep(time.Minute)
		for _, jid := range late {
			r.change(func() {
				if r.has[jid] != moderation.Owner {
					t.Errorf("%s is %q", jid, r.has[jid])
				}
			})
		}
	})
}

// TestBeforeJoinWhileLooked: a look that had read the room before somebody was given something does not take it for taken
// away.
func TestBeforeJoinWhileLooked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, r, k := startHall(t, time.Millisecond)
		defer run(t, k)()
		time.Sleep(time.Minute)
		f.moderator(t, "bob", "*")
		r.change(func() { r.listing = time.Second })
		f.joins(t, "bob@"+host, hall, moderation.ReasonToken)
		time.Sleep(500 * time.Millisecond) // a look has read what he is, and not who is there
		f.before(t, "bob@"+host, hall)
		r.change(func() {
			if r.has["bob@"+host] != moderation.Owner {
				t.Errorf("he joins as %q", r.has["bob@"+host])
			}
		})
		r.enter("bob@" + host)
		time.Sleep(time.Minute)
		f.before(t, "bob@"+host, hall) // announces himself
		f.begins(t, hall, map[string]moderation.Affiliation{"bob": moderation.Owner})
	})
}

// TestBeforeJoinRevokedLate: a look that saw to somebody's revocation before he was made owner leaves him nothing, and
// neither does a ban of usher's own that a kill left behind.
func TestBeforeJoinRevokedLate(t *testing.T) {
	ban := moderation.Given{Room: hall, JID: "bob@" + host, Affiliation: moderation.Outcast, End: moderation.EndRevoked}
	for name, state := range map[string]moderation.State{
		"a newcomer": {},
		"our ban":    {Rooms: []moderation.Room{{JID: hall, Started: true}}, Givens: []moderation.Given{ban}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, r := newFixture(t, state), newFakeRooms(time.Millisecond)
				if len(state.Givens) > 0 {
					r.has["bob@"+host] = moderation.Outcast
				}
				k := moderation.NewKeeper(f.Sessions, r)
				f.record(t, f.identity("alice", "token of alice", "*"))
				f.joins(t, "alice@"+host, hall, moderation.ReasonToken)
				f.moderator(t, "bob", "*")
				r.slow = 3 * time.Second
				f.before(t, "bob@"+host, hall)
				r.change(func() { r.slow = 0 }) // for the others
				defer run(t, k)()
				time.Sleep(time.Second)
				if _, err := f.Revoke(t.Context(), "bob"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(5 * time.Minute)
				r.change(func() {
					if r.has["bob@"+host] != moderation.None {
						t.Errorf("he is %s: %q", r.has["bob@"+host], r.sets)
					}
				})
			})
		})
	}
}

// TestBeforeJoinExpired: whoever joins from another device as his session ends is still seen in the room, and leaves it.
func TestBeforeJoinExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, r, k := startHall(t, time.Millisecond)
		defer run(t, k)()
		p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: host, MUC: []string{muc}, OnExpiry: moderation.ExpiryRemove}})
		if err != nil {
			t.Fatal(err)
		}
		f.Reload(p)
		f.record(t, f.identity("bob", "token of bob", "*"))
		f.joins(t, "bob@"+host, hall, moderation.ReasonToken)
		r.enter("bob@" + host)
		time.Sleep(time.Minute)
		f.pass(time.Second)
		better := f.identity("bob", "another token", "*")
		better.Moderator = true
		f.record(t, better)
		r.change(func() { r.latency, r.listing = time.Second, time.Second })
		f.before(t, "bob@"+host, hall)
		f.pass(time.Hour)
		f.Sweep(t.Context())
		time.Sleep(5 * time.Minute)
		r.change(func() {
			if _, in := r.there["bob@"+host]; in {
				t.Errorf("he is still in, as %q: %q", r.has["bob@"+host], r.sets)
			}
		})
	})
}

// TestBeforeJoinEnded: whoever has a new token when the room was not yet looked at after the end of his old one keeps
// what he has.
func TestBeforeJoinEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, r, k := startHall(t, time.Millisecond)
		f.moderator(t, "bob", "*")
		f.before(t, "bob@"+host, hall)
		r.did(t, 1, "bob@"+host+" owner")
		f.pass(time.Hour)
		f.Sweep(t.Context())
		again := f.identity("bob", "another token", "*")
		again.Moderator = true
		f.record(t, again)
		f.before(t, "bob@"+host, hall)
		r.did(t, 1)
		f.before(t, "bob@"+host, hall)
		r.did(t, 0)
		defer run(t, k)()
		time.Sleep(time.Minute)
		r.change(func() {
			if r.has["bob@"+host] != moderation.Owner {
				t.Errorf("he is %q: %q", r.has["bob@"+host], r.sets)
			}
		})
	})
}

// TestBeforeJoinWhileTakenBack: whoever comes with a new token while what rested on the old one is taken back has what
// the new one says in the end, and loses it with that.
func TestBeforeJoinWhileTakenBack(t *testing.T) {
	for _, latency := range []time.Duration{time.Millisecond, 600 * time.Millisecond} { // read before and after it was set
		synctest.Test(t, func(t *testing.T) {
			f, r, k := startHall(t, time.Millisecond)
			defer run(t, k)()
			p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: host, MUC: []string{muc}, OnExpiry: moderation.ExpiryDemote}})
			if err != nil {
				t.Fatal(err)
			}
			f.Reload(p)
			f.moderator(t, "bob", "*")
			f.before(t, "bob@"+host, hall)
			time.Sleep(time.Minute)
			r.change(func() { r.slow = 500 * time.Millisecond })
			f.pass(time.Hour)
			f.Sweep(t.Context())
			time.Sleep(100 * time.Millisecond) // it is being taken back
			again := f.identity("bob", "another token", "*")
			again.Moderator = true
			f.record(t, again)
			r.change(func() { r.latency = latency })
			f.before(t, "bob@"+host, hall)
			time.Sleep(5 * time.Minute)
			r.change(func() {
				if r.has["bob@"+host] != moderation.Owner {
					t.Errorf("%v: he is %q: %q", latency, r.has["bob@"+host], r.sets)
				}
			})
			f.pass(time.Hour)
			f.Sweep(t.Context())
			time.Sleep(5 * time.Minute)
			r.change(func() {
				if r.has["bob@"+host] != moderation.None {
					t.Errorf("%v: in the end he is %q: %q", latency, r.has["bob@"+host], r.sets)
				}
			})
		})
	}
}

// TestBeforeJoinRevoked: whoever is revoked while he is given something has nothing of it afterwards.
func TestBeforeJoinRevoked(t *testing.T) {
	for _, wait := range []time.Duration{500 * time.Millisecond, 1500 * time.Millisecond, 2500 * time.Millisecond} { // read, then set
		synctest.Test(t, func(t *testing.T) {
			f, r, k := startHall(t, time.Second)
			defer run(t, k)()
			time.Sleep(time.Minute)
			f.moderator(t, "bob", "*")
			r.change(func() { r.slow = time.Second })
			f.before(t, "bob@"+host, hall)
			time.Sleep(wait - 200*time.Millisecond)
			if _, err := f.Revoke(t.Context(), "bob"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Minute)
			r.change(func() {
				if a := r.has["bob@"+host]; a != "" && a != moderation.None {
					t.Errorf("revoked after %v he is %s: %q", wait, a, r.sets)
				}
			})
		})
	}
}

// TestBeforeJoinNewRoomMeanwhile: what was set for the room before is not left in the next one, where nobody would know it.
func TestBeforeJoinNewRoomMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, r, k := startHall(t, time.Millisecond)
		defer run(t, k)()
		f.moderator(t, "bob", "hall")
		time.Sleep(time.Minute)
		f.moderator(t, "carol", "*")
		r.change(func() { r.slow = time.Second })
		f.before(t, "carol@"+host, hall)
		f.pass(time.Minute) // she does not come, and is forgotten
		f.begins(t, hall, map[string]moderation.Affiliation{"bob": moderation.Owner})
		time.Sleep(time.Minute)
		r.change(func() {
			if a := r.has["carol@"+host]; a != moderation.None && a != "" {
				t.Errorf("carol is %s: %q", a, r.sets)
			}
		})
	})
}

// TestBeforeJoinStateFails: what cannot be written down is not given; it is once it can.
func TestBeforeJoinStateFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, r, k := startHall(t, time.Millisecond)
		defer run(t, k)()
		time.Sleep(time.Minute)
		f.moderator(t, "bob", "*")
		disk := func(err error) {
			f.store.mu.Lock()
			defer f.store.mu.Unlock()
			f.store.fail = err
		}
		r.change(func() { r.sets, r.looks = nil, 0 })
		disk(errors.New("disk full"))
		f.before(t, "bob@"+host, hall)
		r.did(t, 1)
		disk(nil)
		time.Sleep(time.Minute)
		r.change(func() {
			if r.has["bob@"+host] != moderation.Owner {
				t.Errorf("he is %q", r.has["bob@"+host])
			}
		})
	})
}

// TestBeforeJoinLobby: who has to wait is given nothing, in a room that is there or in a new one; others are let in.
func TestBeforeJoinLobby(t *testing.T) {
	for _, mode := range []lobby.Mode{lobby.MembersOnly, lobby.Gate} {
		synctest.Test(t, func(t *testing.T) {
			f, l, r, stop := startLobby(t, mode)
			defer stop()
			time.Sleep(10 * time.Second)
			waits := f.identity("waits", "token of waits", "*")
			waits.LobbyBypass = auth.No
			f.record(t, waits)
			f.record(t, f.identity("denied", "token of denied", "*"))
			f.record(t, f.identity("passes", "token of passes", "*"))
			if err := f.Decide(t.Context(), lobby.Verdict{Room: "standup@" + muc, JID: "denied@" + host}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			r.change(func() { r.sets, r.has = nil, map[string]moderation.Affiliation{"alice@" + host: moderation.Owner} })
			for _, account := range []string{"waits", "denied"} {
				f.before(t, account+"@"+host, "standup@"+muc)
			}
			r.change(func() {
				if len(r.sets) > 0 {
					t.Errorf("%s: set for those who wait: %q", mode, r.sets)
				}
			})
			for _, account := range []string{"waits", "passes"} {
				f.before(t, account+"@"+host, "new@"+muc)
			}
			f.begins(t, "new@"+muc, map[string]moderation.Affiliation{"passes": moderation.Member})
			if err := f.Decide(t.Context(), lobby.Verdict{Room: "standup@" + muc, JID: "waits@" + host, Admitted: true}); err != nil {
				t.Fatal(err)
			}
			f.before(t, "waits@"+host, "standup@"+muc)
			r.change(func() {
				if r.has["waits@"+host] != moderation.Member {
					t.Errorf("%s: who was admitted is %q", mode, r.has["waits@"+host])
				}
			})
			time.Sleep(time.Minute)
			if n := len(l.Knocks("")); n != 0 {
				t.Errorf("%d knocks", n)
			}
		})
	}
}

// TestBeforeJoinAfterWelcome: whoever joins while his login makes him a member of a closed room is one by then, by usher's
// doing, which a revocation takes back.
func TestBeforeJoinAfterWelcome(t *testing.T) {
	for wait := range 8 {
		synctest.Test(t, func(t *testing.T) {
			f, _, r, stop := startLobby(t, lobby.MembersOnly)
			defer stop()
			time.Sleep(time.Minute)
			r.change(func() { r.latency, r.slow = 2*time.Millisecond, 2*time.Millisecond })
			f.record(t, f.identity("bob", "token of bob", "standup"))
			time.Sleep(time.Duration(wait) * time.Millisecond)
			f.before(t, "bob@"+host, "standup@"+muc)
			r.change(func() {
				if r.has["bob@"+host] != moderation.Member {
					t.Errorf("after %d ms he joins as %q", wait, r.has["bob@"+host])
				}
			})
			time.Sleep(time.Minute)
			if _, err := f.Revoke(t.Context(), "bob"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			r.change(func() {
				if r.has["bob@"+host] != moderation.None {
					t.Errorf("after %d ms: in the end he is %q: %q", wait, r.has["bob@"+host], r.sets)
				}
			})
		})
	}
}

// TestBeforeJoinLobbyLater: who announced himself and has to wait by the time the room is made does not begin as a member.
func TestBeforeJoinLobbyLater(t *testing.T) {
	f, _ := newLobbyFixture(t, lobby.MembersOnly)
	f.record(t, f.identity("bob", "token of bob", "*"))
	f.before(t, "bob@"+host, "new@"+muc)
	f.pass(time.Second)
	waits := f.identity("bob", "another token", "*")
	waits.LobbyBypass = auth.No
	f.record(t, waits)
	f.begins(t, "new@"+muc, nil)
}

// TestBeforeJoinFlood: any number of rooms that one user makes up have nobody asked, and leave memory bounded.
func TestBeforeJoinFlood(t *testing.T) {
	if testing.Short() {
		t.Skip("a hundred thousand of them")
	}
	f, r := newFixture(t, moderation.State{}), newFakeRooms(time.Hour)
	moderation.NewKeeper(f.Sessions, r)
	f.moderator(t, "mallory", "*")
	f.moderator(t, "bob", "*")
	before := heap()
	for i := range 100_000 {
		f.BeforeJoin(t.Context(), "mallory@"+host, fmt.Sprintf("room-%d-%s@%s", i, strings.Repeat("x", 40), muc))
	}
	if grown := heap() - before; grown > 16<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
	r.did(t, 0)
	f.before(t, "bob@"+host, "honest@"+muc)
	f.begins(t, "honest@"+muc, map[string]moderation.Affiliation{"bob": moderation.Owner})
}
