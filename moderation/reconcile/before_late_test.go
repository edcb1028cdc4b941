package reconcile_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usher/moderation"
	"usher/moderation/sessions"
)

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
				f.Joins(t, "bob@"+host, hall, moderation.ReasonToken)
				r.enter("bob@" + host) // as a participant: it was too late
				stop := run(t, k)
				defer stop()
				time.Sleep(10 * time.Second)
				r.change(func() {
					if r.there["bob@"+host] != moderation.RoleModerator {
						t.Errorf("he is %s", r.there["bob@"+host])
					}
				})
				if _, err := f.Revoke(t.Context(), sessions.Target{Account: "bob"}, false); err != nil {
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
		f.Joins(t, "bob@"+host, hall, moderation.ReasonToken)
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
	ban := moderation.Assignment{Room: hall, JID: "bob@" + host, Affiliation: moderation.Outcast, End: moderation.EndRevoked}
	for name, state := range map[string]sessions.State{
		"a newcomer": {},
		"our ban":    {Rooms: []moderation.Room{{JID: hall, Started: true}}, Assignments: []moderation.Assignment{ban}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, r := newFixture(t, state), newFakeRooms(time.Millisecond)
				if len(state.Assignments) > 0 {
					r.has["bob@"+host] = moderation.Outcast
				}
				k := f.connect(r)
				k.Attend(t)
				f.Login(t, f.Identity("alice", "token of alice", "*"))
				f.Joins(t, "alice@"+host, hall, moderation.ReasonToken)
				f.moderator(t, "bob", "*")
				r.slow = 3 * time.Second
				f.before(t, "bob@"+host, hall)
				r.change(func() { r.slow = 0 }) // for the others
				defer run(t, k)()
				time.Sleep(time.Second)
				if _, err := f.Revoke(t.Context(), sessions.Target{Account: "bob"}, false); err != nil {
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
		p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: host, MUC: []string{conference}, OnExpiry: moderation.ExpiryRemove}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		f.Reload(t.Context(), p)
		f.Login(t, f.Identity("bob", "token of bob", "*"))
		f.Joins(t, "bob@"+host, hall, moderation.ReasonToken)
		r.enter("bob@" + host)
		time.Sleep(time.Minute)
		f.Pass(time.Second)
		better := f.Identity("bob", "another token", "*")
		better.Moderator = true
		f.Login(t, better)
		r.change(func() { r.latency, r.listing = time.Second, time.Second })
		f.before(t, "bob@"+host, hall)
		f.Pass(time.Hour + leeway)
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
		f.Pass(time.Hour + leeway)
		f.Sweep(t.Context())
		again := f.Identity("bob", "another token", "*")
		again.Moderator = true
		f.Login(t, again)
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
			p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: host, MUC: []string{conference}, OnExpiry: moderation.ExpiryDemote}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			f.Reload(t.Context(), p)
			f.moderator(t, "bob", "*")
			f.before(t, "bob@"+host, hall)
			time.Sleep(time.Minute)
			r.change(func() { r.slow = 500 * time.Millisecond })
			f.Pass(time.Hour + leeway)
			f.Sweep(t.Context())
			time.Sleep(100 * time.Millisecond) // it is being taken back
			again := f.Identity("bob", "another token", "*")
			again.Moderator = true
			f.Login(t, again)
			r.change(func() { r.latency = latency })
			f.before(t, "bob@"+host, hall)
			time.Sleep(5 * time.Minute)
			r.change(func() {
				if r.has["bob@"+host] != moderation.Owner {
					t.Errorf("%v: he is %q: %q", latency, r.has["bob@"+host], r.sets)
				}
			})
			f.Pass(time.Hour + leeway)
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
			if _, err := f.Revoke(t.Context(), sessions.Target{Account: "bob"}, false); err != nil {
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
		f.Pass(time.Minute) // she does not come, and is forgotten
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
		disk := f.Store.Fail
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
