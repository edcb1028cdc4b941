package reconcile_test

import (
	"testing"
	"time"

	"usher/lobby"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/sessions"
)

// TestNothingAfterStop: whatever is under way when the reconciler and the notifier are stopped ends before their Run
// returns, and nothing is asked of a room, or sent, afterwards, whoever asks for it.
func TestNothingAfterStop(t *testing.T) {
	bob := "bob@" + host
	for name, begin := range map[string]func(t *testing.T, f *fixture){
		"before a join": func(t *testing.T, f *fixture) {
			f.Moderator(t, "bob", "*")
			go f.before(t, bob, standup)
		},
		"a login": func(t *testing.T, f *fixture) { f.Login(t, f.Identity("bob", "t", "standup")) },
		"a login everywhere": func(t *testing.T, f *fixture) {
			f.Login(t, f.Identity("bob", "t", "*"))
		},
		"a run": func(t *testing.T, f *fixture) {
			f.Moderator(t, "bob", "standup")
			f.Joins(t, bob, standup, moderation.ReasonToken)
		},
		"a decision": func(t *testing.T, f *fixture) {
			f.Join(t.Context(), "g@guest."+host, standup, "g")
			go func() {
				_ = f.Decide(t.Context(), lobby.Verdict{Room: standup, JID: "g@guest." + host, Admitted: true})
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
				inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
					f, r, stop := startLobby(t, lobby.MembersOnly, order)
					time.Sleep(time.Minute)
					r.reading(300 * time.Millisecond)
					r.setting(2 * time.Second)
					begin(t, f)
					time.Sleep(after)
					stopped := time.Now()
					stop()
					if took := time.Since(stopped); took > 0 {
						t.Errorf("it took %v", took)
					}
					r.Close() // what was sent takes effect
					r.Forget()
					f.before(t, bob, standup)
					f.Login(t, f.Identity("carol", "c", "*"))
					time.Sleep(time.Hour)
					if seen := r.Seen(); len(seen.Sets) > 0 || len(seen.Invited) > 0 || len(seen.Told) > 0 {
						t.Errorf("after the stop: %+v", seen)
					}
				})
			})
		}
	}
}

// TestSetBeforeTheStopIsKnown: what was set in a room just before the stop is in the state, so that the next start can take
// it back.
func TestSetBeforeTheStopIsKnown(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f, r, stop := startLobby(t, lobby.MembersOnly, order)
		time.Sleep(time.Minute)
		r.setting(time.Second)
		known := map[string]moderation.Affiliation{}
		f.Store.Log(func(c sessions.Change) {
			if c.PutAssignment != nil {
				known[c.PutAssignment.JID] = c.PutAssignment.Affiliation
			}
		})
		f.Login(t, f.Identity("bob", "t", "standup")) // which notes afterwards what it granted
		time.Sleep(500 * time.Millisecond)
		stop()
		r.Close() // what was sent takes effect
		if has := r.has(standup, "bob@"+host); has != moderation.Member || known["bob@"+host] != moderation.Member {
			t.Errorf("in the room %q, in the state %q", has, known)
		}
	})
}
