package reconcile_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/sessions"
)

// TestBeforeJoinDeadline: whoever waits goes on after 200 ms, and what was begun comes to its end: it is an
// assignment, and is taken back when the session is revoked.
func TestBeforeJoinDeadline(t *testing.T) {
	for name, row := range map[string]struct {
		latency, slow time.Duration
		read          int // by the deadline
	}{
		"reading": {latency: time.Second},
		"setting": {slow: time.Second, read: 1},
	} {
		t.Run(name, func(t *testing.T) {
			inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
				f, r, k := startHall(t, order, time.Millisecond)
				f.Moderator(t, "bob", "*")
				r.reading(row.latency)
				r.setting(row.slow)
				began := time.Now()
				f.before(t, "bob@"+host, hall)
				if took := time.Since(began); took != 200*time.Millisecond {
					t.Errorf("it took %v", took)
				}
				r.did(t, row.read)
				time.Sleep(3 * time.Second)
				r.reading(time.Millisecond)
				r.setting(0)
				r.did(t, 1-row.read, "bob@"+host+" owner")
				f.before(t, "bob@"+host, hall) // it is an assignment
				r.did(t, 0)
				f.Joins(t, "bob@"+host, hall, moderation.ReasonToken)
				r.enter(hall, "bob@"+host) // as a participant: it was too late
				stop := moderationtest.Run(t, k.Run)
				defer stop()
				time.Sleep(10 * time.Second)
				if r.role(hall, "bob@"+host) != moderation.RoleModerator {
					t.Errorf("he is %s", r.role(hall, "bob@"+host))
				}
				if _, err := f.Revoke(t.Context(), sessions.Target{Account: "bob"}, false); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				if role := r.role(hall, "bob@"+host); role != "" || r.has(hall, "bob@"+host) != moderation.None {
					t.Errorf("after the revocation he is %q, in as %q", r.has(hall, "bob@"+host), role)
				}
			})
		})
	}
}

// TestBeforeJoinFull: while as many are seen to as there are places, others wait for one, and the run after the join
// does what they did not wait for.
func TestBeforeJoinFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, r, k := startHall(t, moderationtest.AnyOrder, 150*time.Millisecond) // as each is waited for by itself
		const n = 32
		var late []string
		var all sync.WaitGroup
		for i := range 3 * n {
			account := fmt.Sprintf("user%03d", i)
			f.Moderator(t, account, "*")
			if i >= 2*n {
				late = append(late, account+"@"+host)
			}
			all.Go(func() { f.before(t, account+"@"+host, hall) })
			synctest.Wait() // in this order
		}
		all.Wait()
		if reads, sets := r.reads(), r.set(); reads != n || len(sets) != n {
			t.Errorf("%d were seen to in 200 ms", len(sets))
		}
		time.Sleep(time.Minute)
		if sets := r.set(); len(sets) != 2*n {
			t.Errorf("%d were seen to in the end", len(sets))
		}
		defer moderationtest.Run(t, k.Run)()
		time.Sleep(time.Minute)
		for _, jid := range late {
			if r.has(hall, jid) != moderation.Owner {
				t.Errorf("%s is %q", jid, r.has(hall, jid))
			}
		}
	})
}

// TestBeforeJoinDuringARun: a run that had read the room before an account was given something does not take it for
// overridden.
func TestBeforeJoinDuringARun(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f, r, k := startHall(t, order, time.Millisecond)
		defer moderationtest.Run(t, k.Run)()
		time.Sleep(time.Minute)
		f.Moderator(t, "bob", "*")
		r.listing(time.Second)
		f.Joins(t, "bob@"+host, hall, moderation.ReasonToken)
		time.Sleep(500 * time.Millisecond) // a run has read what he is, and not who is there
		f.before(t, "bob@"+host, hall)
		if order == moderationtest.AnyOrder && r.has(hall, "bob@"+host) != moderation.Owner { // in order he waits for the list
			t.Errorf("he joins as %q", r.has(hall, "bob@"+host))
		}
		r.enter(hall, "bob@"+host)
		time.Sleep(time.Minute)
		f.before(t, "bob@"+host, hall) // announces himself
		f.begins(t, hall, map[string]moderation.Affiliation{"bob": moderation.Owner})
	})
}

// TestBeforeJoinRevokedLate: a run that saw to a revocation before the account was made owner leaves it nothing, and
// neither does a ban of usher's own that a kill left behind.
func TestBeforeJoinRevokedLate(t *testing.T) {
	ban := moderation.Assignment{Room: hall, JID: "bob@" + host, Affiliation: moderation.Outcast, End: moderation.EndRevoked}
	for name, state := range map[string]moderationtest.State{
		"a newcomer": {},
		"our ban":    {Rooms: []moderation.Room{{JID: hall, Started: true}}, Assignments: []moderation.Assignment{ban}},
	} {
		t.Run(name, func(t *testing.T) {
			inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
				f, r := newFixture(t, state), newRooms(t, order, time.Millisecond)
				if len(state.Assignments) > 0 {
					r.Room(hall).Give("bob@"+host, moderation.Outcast)
				}
				k := f.attend(t, r)
				f.Login(t, f.Identity("alice", "token of alice", "*"))
				f.Joins(t, "alice@"+host, hall, moderation.ReasonToken)
				f.Moderator(t, "bob", "*")
				r.setting(3 * time.Second)
				f.before(t, "bob@"+host, hall)
				r.setting(0) // for the others
				defer moderationtest.Run(t, k.Run)()
				time.Sleep(time.Second)
				if _, err := f.Revoke(t.Context(), sessions.Target{Account: "bob"}, false); err != nil {
					t.Fatal(err)
				}
				time.Sleep(5 * time.Minute)
				if r.has(hall, "bob@"+host) != moderation.None {
					t.Errorf("he is %s: %q", r.has(hall, "bob@"+host), r.set())
				}
			})
		})
	}
}

// TestBeforeJoinExpired: whoever joins from another device as his session ends is still seen in the room, and leaves it.
func TestBeforeJoinExpired(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f, r, k := startHall(t, order, time.Millisecond)
		defer moderationtest.Run(t, k.Run)()
		p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: host, MUC: []string{conference}, OnExpiry: moderation.ExpiryRemove}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		f.Reload(t.Context(), p)
		f.Login(t, f.Identity("bob", "token of bob", "*"))
		f.Joins(t, "bob@"+host, hall, moderation.ReasonToken)
		r.enter(hall, "bob@"+host)
		time.Sleep(time.Minute)
		f.Pass(time.Second)
		better := f.Identity("bob", "another token", "*")
		better.Moderator = true
		f.Login(t, better)
		r.reading(time.Second)
		r.listing(time.Second)
		f.before(t, "bob@"+host, hall)
		f.Pass(time.Hour + leeway)
		f.Sweep(t.Context())
		time.Sleep(5 * time.Minute)
		if role := r.role(hall, "bob@"+host); role != "" {
			t.Errorf("he is still in, as %q: %q", r.has(hall, "bob@"+host), r.set())
		}
	})
}

// TestBeforeJoinEnded: whoever has a new token when the room was not yet reconciled after the end of his old one keeps
// what he has.
func TestBeforeJoinEnded(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f, r, k := startHall(t, order, time.Millisecond)
		f.Moderator(t, "bob", "*")
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
		defer moderationtest.Run(t, k.Run)()
		time.Sleep(time.Minute)
		if r.has(hall, "bob@"+host) != moderation.Owner {
			t.Errorf("he is %q: %q", r.has(hall, "bob@"+host), r.set())
		}
	})
}

// TestBeforeJoinWhileTakenBack: whoever comes with a new token while what rested on the old one is taken back has what
// the new one says in the end, and loses it with that.
func TestBeforeJoinWhileTakenBack(t *testing.T) {
	for _, latency := range []time.Duration{time.Millisecond, 600 * time.Millisecond} { // read before and after it was set
		inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
			f, r, k := startHall(t, order, time.Millisecond)
			defer moderationtest.Run(t, k.Run)()
			p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: host, MUC: []string{conference}, OnExpiry: moderation.ExpiryDemote}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			f.Reload(t.Context(), p)
			f.Moderator(t, "bob", "*")
			f.before(t, "bob@"+host, hall)
			time.Sleep(time.Minute)
			r.setting(500 * time.Millisecond)
			f.Pass(time.Hour + leeway)
			f.Sweep(t.Context())
			time.Sleep(100 * time.Millisecond) // it is being taken back
			again := f.Identity("bob", "another token", "*")
			again.Moderator = true
			f.Login(t, again)
			r.reading(latency)
			f.before(t, "bob@"+host, hall)
			time.Sleep(5 * time.Minute)
			if r.has(hall, "bob@"+host) != moderation.Owner {
				t.Errorf("%v: he is %q: %q", latency, r.has(hall, "bob@"+host), r.set())
			}
			f.Pass(time.Hour + leeway)
			f.Sweep(t.Context())
			time.Sleep(5 * time.Minute)
			if r.has(hall, "bob@"+host) != moderation.None {
				t.Errorf("%v: in the end he is %q: %q", latency, r.has(hall, "bob@"+host), r.set())
			}
		})
	}
}

// TestBeforeJoinRevoked: whoever is revoked while he is given something has nothing of it afterwards.
func TestBeforeJoinRevoked(t *testing.T) {
	for _, wait := range []time.Duration{500 * time.Millisecond, 1500 * time.Millisecond, 2500 * time.Millisecond} { // read, then set
		inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
			f, r, k := startHall(t, order, time.Second)
			defer moderationtest.Run(t, k.Run)()
			time.Sleep(time.Minute)
			f.Moderator(t, "bob", "*")
			r.setting(time.Second)
			f.before(t, "bob@"+host, hall)
			time.Sleep(wait - 200*time.Millisecond)
			if _, err := f.Revoke(t.Context(), sessions.Target{Account: "bob"}, false); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Minute)
			if a := r.has(hall, "bob@"+host); a != "" && a != moderation.None {
				t.Errorf("revoked after %v he is %s: %q", wait, a, r.set())
			}
		})
	}
}

// TestBeforeJoinNewRoomMeanwhile: what was set for the room before is not left in the next one, where nobody would know it.
func TestBeforeJoinNewRoomMeanwhile(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f, r, k := startHall(t, order, time.Millisecond)
		defer moderationtest.Run(t, k.Run)()
		f.Moderator(t, "bob", "hall")
		time.Sleep(time.Minute)
		f.Moderator(t, "carol", "*")
		r.setting(time.Second)
		f.before(t, "carol@"+host, hall)
		f.Pass(time.Minute) // she does not come, and is forgotten
		f.begins(t, hall, map[string]moderation.Affiliation{"bob": moderation.Owner})
		time.Sleep(time.Minute)
		if a := r.has(hall, "carol@"+host); a != moderation.None && a != "" {
			t.Errorf("carol is %s: %q", a, r.set())
		}
	})
}

// TestBeforeJoinStateFails: what cannot be written down is not given; it is once it can.
func TestBeforeJoinStateFails(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f, r, k := startHall(t, order, time.Millisecond)
		defer moderationtest.Run(t, k.Run)()
		time.Sleep(time.Minute)
		f.Moderator(t, "bob", "*")
		disk := f.Store.Fail
		r.Forget()
		disk(errors.New("disk full"))
		f.before(t, "bob@"+host, hall)
		r.did(t, 1)
		disk(nil)
		time.Sleep(time.Minute)
		if r.has(hall, "bob@"+host) != moderation.Owner {
			t.Errorf("he is %q", r.has(hall, "bob@"+host))
		}
	})
}
