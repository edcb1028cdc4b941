package reconcile_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"usher/lobby"
	"usher/moderation"
	"usher/moderation/sessions"
)

// TestNothingAfterStop: whatever is under way when the keeper is stopped ends before its Run returns, and nothing is set in
// a room afterwards, whoever asks for it.
func TestNothingAfterStop(t *testing.T) {
	bob := "bob@" + host
	for name, begin := range map[string]func(t *testing.T, f *fixture){
		"before a join": func(t *testing.T, f *fixture) {
			f.moderator(t, "bob", "*")
			go f.before(t, bob, "standup@"+conference)
		},
		"a welcome": func(t *testing.T, f *fixture) { f.Login(t, f.Identity("bob", "t", "standup")) },
		"a welcome everywhere": func(t *testing.T, f *fixture) {
			f.Login(t, f.Identity("bob", "t", "*"))
		},
		"a look": func(t *testing.T, f *fixture) {
			f.moderator(t, "bob", "standup")
			f.Joins(t, bob, "standup@"+conference, moderation.ReasonToken)
		},
		"a decision": func(t *testing.T, f *fixture) {
			f.Join(t.Context(), "g@guest."+host, "standup@"+conference, "g")
			go func() {
				_ = f.Decide(t.Context(), lobby.Verdict{Room: "standup@" + conference, JID: "g@guest." + host, Admitted: true})
			}()
		},
		"a revocation": func(t *testing.T, f *fixture) {
			if _, err := f.Revoke(t.Context(), sessions.Target{Account: "alice"}, false); err != nil {
				t.Error(err)
			}
		},
	} {
		for _, after := range []time.Duration{0, 5 * time.Millisecond, 50 * time.Millisecond, 400 * time.Millisecond} {
			t.Run(name+" for "+after.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f, _, r, stop := startLobby(t, lobby.MembersOnly)
					time.Sleep(time.Minute)
					r.change(func() { r.latency, r.slow = 300*time.Millisecond, 2*time.Second })
					begin(t, f)
					time.Sleep(after)
					stopped := time.Now()
					stop()
					if took := time.Since(stopped); took > 0 {
						t.Errorf("it took %v", took)
					}
					r.change(func() { r.sets = nil })
					f.before(t, bob, "standup@"+conference)
					f.Login(t, f.Identity("carol", "c", "*"))
					time.Sleep(time.Hour)
					r.change(func() {
						if len(r.sets) > 0 || len(r.invited) > 0 {
							t.Errorf("after the stop: set %q, invited %q", r.sets, r.invited)
						}
					})
				})
			})
		}
	}
}

// TestSetBeforeTheStopIsKnown: what was set in a room just before the stop is in the state, so that the next start can take
// it back.
func TestSetBeforeTheStopIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, r, stop := startLobby(t, lobby.MembersOnly)
		time.Sleep(time.Minute)
		r.change(func() { r.slow = time.Second })
		known := map[string]moderation.Affiliation{}
		f.Store.Log(func(c sessions.Change) {
			if c.PutAssignment != nil {
				known[c.PutAssignment.JID] = c.PutAssignment.Affiliation
			}
		})
		f.Login(t, f.Identity("bob", "t", "standup")) // a welcome, which notes afterwards
		time.Sleep(500 * time.Millisecond)
		stop()
		r.change(func() {
			if r.has["bob@"+host] != moderation.Member || known["bob@"+host] != moderation.Member {
				t.Errorf("in the room %q, in the state %q", r.has, known)
			}
		})
	})
}

// TestEvictedRoomsAreForgotten: rooms that had to make place go from the state with the next sweep, or at the stop, and not
// at some time after it.
func TestEvictedRoomsAreForgotten(t *testing.T) {
	if testing.Short() {
		t.Skip("fifty thousand rooms")
	}
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, sessions.State{})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- f.Run(ctx) }()
		f.Login(t, f.Identity("alice", "t", "*"))
		const more = 100
		kept := map[string]bool{}
		f.Store.Log(func(c sessions.Change) {
			if c.PutRoom != nil {
				kept[c.PutRoom.JID] = true
			}
			if c.DeleteRoom != nil {
				delete(kept, c.DeleteRoom.JID)
			}
		})
		for i := range 50_000 + more {
			f.Join(t.Context(), "alice@"+host, time.Duration(i).String()+"@"+conference, "a")
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if len(kept) != 50_000 {
			t.Errorf("%d rooms in the state", len(kept))
		}
	})
}
