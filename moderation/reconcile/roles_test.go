package reconcile_test

import (
	"testing"
	"testing/synctest"
	"time"

	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/sessions"
)

// startStrict has everything at work in rooms where owners that no token made are demoted.
func startStrict(t *testing.T, order moderationtest.Order) (*fixture, *rooms) {
	t.Helper()
	r := newRooms(t, order, time.Millisecond)
	f := act(t, r)
	p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: host, MUC: []string{conference},
		Guests: []string{"guest." + host}, Strict: true}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.Reload(t.Context(), p)
	return f, r
}

// TestDemotedOnTheWay: an account that was an owner when Prosody computed its role, and was demoted before it came in,
// is no moderator; one that an owner makes moderator later stays it.
func TestDemotedOnTheWay(t *testing.T) {
	guest, bob := "g@guest."+host, "bob@"+host
	for name, comes := range map[string]time.Duration{"at once": 5 * time.Millisecond, "late": 20 * time.Second} {
		for jid, want := range map[string]moderation.Affiliation{guest: moderation.None, bob: moderation.Member} {
			t.Run(name+" "+jid, func(t *testing.T) {
				inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
					f, r := startStrict(t, order)
					f.Moderator(t, "alice", "standup")
					f.Login(t, f.Identity("bob", "token of bob", "standup"))
					r.Room(standup).Give(jid, moderation.Owner) // Prosody made the room for it
					f.Joins(t, "alice@"+host, standup, moderation.ReasonToken)
					r.enter(standup, "alice@"+host)
					for r.has(standup, jid) == moderation.Owner {
						time.Sleep(time.Millisecond)
					}
					time.Sleep(comes)
					r.Room(standup).JoinAs(jid, moderation.RoleModerator)
					time.Sleep(time.Minute)
					if role, has := r.role(standup, jid), r.has(standup, jid); role != moderation.RoleParticipant ||
						has != want {
						t.Errorf("%s is %s, %s after %q", jid, role, has, r.set())
					}
					r.Room(standup).JoinAs(jid, moderation.RoleModerator) // by hand
					time.Sleep(time.Hour)
					if role, has := r.role(standup, jid), r.has(standup, jid); role != moderation.RoleModerator ||
						has != want {
						t.Errorf("what an owner did by hand is undone: %s is %s, %s after %q", jid, role, has, r.set())
					}
				})
			})
		}
	}
}

// TestDemotedInAMembersOnlyRoom: there Prosody puts the account out while its role is lowered. It is a member
// afterwards, and comes in again as a participant.
func TestDemotedInAMembersOnlyRoom(t *testing.T) {
	bob := "bob@" + host
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f, r := startStrict(t, order)
		f.Moderator(t, "alice", "standup")
		f.Login(t, f.Identity("bob", "token of bob", "standup"))
		r.Room(standup).Give(bob, moderation.Owner)
		f.Joins(t, "alice@"+host, standup, moderation.ReasonToken)
		r.enter(standup, "alice@"+host)
		for r.has(standup, bob) == moderation.Owner {
			time.Sleep(time.Millisecond)
		}
		r.Room(standup).SetMembersOnly(true)
		r.Room(standup).JoinAs(bob, moderation.RoleModerator)
		time.Sleep(time.Minute)
		if role, has := r.role(standup, bob), r.has(standup, bob); role == moderation.RoleModerator ||
			has != moderation.Member {
			t.Errorf("bob is %q, %s after %q", role, has, r.set())
		}
		r.enter(standup, bob)
		time.Sleep(time.Minute)
		if role := r.role(standup, bob); role != moderation.RoleParticipant {
			t.Errorf("bob came in again as %q after %q", role, r.set())
		}
	})
}

// TestLoweredIsKnown: what an account is for a moment, so that its role becomes less, is in the state before it is set,
// and nothing of it is left.
func TestLoweredIsKnown(t *testing.T) {
	guest, bob := "g@guest."+host, "bob@"+host
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f, r := startStrict(t, order)
		f.Login(t, f.Identity("bob", "token of bob", "standup"))
		for _, jid := range []string{guest, bob} {
			r.Room(standup).Give(jid, moderation.Owner)
		}
		state := map[string]*moderation.Assignment{}
		doubtful := map[string]int{}
		f.Store.Log(func(c sessions.Change) {
			switch {
			case c.PutAssignment != nil:
				state[c.PutAssignment.JID] = c.PutAssignment
				if !c.PutAssignment.Confirmed {
					doubtful[c.PutAssignment.JID]++
				}
			case c.DeleteAssignment != nil:
				delete(state, c.DeleteAssignment.JID)
			}
		})
		f.Joins(t, bob, standup, moderation.ReasonToken)
		for r.has(standup, guest) == moderation.Owner || r.has(standup, bob) == moderation.Owner {
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		clear(doubtful)
		for _, jid := range []string{guest, bob} {
			r.Room(standup).JoinAs(jid, moderation.RoleModerator)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if doubtful[guest] == 0 || doubtful[bob] == 0 {
			t.Errorf("nothing was written down before: %v; set %q", doubtful, r.set())
		}
		if a := state[bob]; state[guest] != nil || a == nil || !a.Confirmed || a.Affiliation != moderation.Member {
			t.Errorf("in the end the state has %+v and %+v", state[guest], a)
		}
		if _, err := f.Revoke(t.Context(), sessions.Target{Account: "bob"}, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if r.role(standup, bob) != "" || r.has(standup, bob) != moderation.None {
			t.Errorf("after his revocation bob is %q, %q", r.role(standup, bob), r.has(standup, bob))
		}
	})
}
