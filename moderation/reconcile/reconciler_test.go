package reconcile_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"usher/moderation"
	"usher/moderation/moderationtest"
)

// TestCooldown: a room that fills up is read in proportion to what reading it costs, and every account is served.
func TestCooldown(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		r := newRooms(t, order, 200*time.Millisecond) // a large one
		f := act(t, r)
		const joins = 400
		began := time.Now()
		for i := range joins {
			account := "user" + string(rune('a'+i%26)) + time.Duration(i).String()
			f.Moderator(t, account, "hall")
			f.Joins(t, account+"@"+host, hall, moderation.ReasonToken)
			r.enter(hall, account+"@"+host)
			time.Sleep(25 * time.Millisecond)
		}
		reads, took := r.reads(), time.Since(began) // in order the joins wait for the readings
		if most := int(took / (5 * 200 * time.Millisecond)); reads > most+2 {
			t.Errorf("%d readings of 200 ms within %v, want at most %d", reads, took, most)
		}
		time.Sleep(time.Minute)
		sets, served := r.set(), map[string]bool{}
		for _, set := range sets {
			served[set] = true
		}
		if order == moderationtest.AnyOrder && len(sets) != joins || len(served) != joins { // in order some enter after it was set
			t.Errorf("%d affiliations set, %d moderators of %d", len(sets), len(served), joins)
		}
		reads = r.reads()
		time.Sleep(10 * time.Minute)
		if after := r.reads(); after != reads {
			t.Errorf("%d readings of a room in which nothing happens", after-reads)
		}
	})
}

// changedBetween are rooms in which another owner changes alice between the questions what accounts are and who is there.
type changedBetween struct {
	*rooms
	when func(moderation.Role) bool // by hers
	to   moderation.Affiliation
	done atomic.Bool
}

func (r *changedBetween) Occupants(ctx context.Context, room string) ([]moderation.Occupant, error) {
	if jid := "alice@" + host; r.when(r.role(room, jid)) && r.done.CompareAndSwap(false, true) {
		r.Room(room).Give(jid, r.to)
	}
	return r.rooms.Occupants(ctx, room)
}

// TestBannedBetween: a ban that comes after usher has read what accounts are, and before it gives something, stays.
func TestBannedBetween(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		r := &changedBetween{rooms: newRooms(t, order, time.Millisecond), to: moderation.Outcast,
			when: func(moderation.Role) bool { return true }}
		f := newFixture(t, moderationtest.State{})
		t.Cleanup(f.Act(t, r))
		f.Moderator(t, "alice", "standup")
		f.Joins(t, "alice@"+host, standup, moderation.ReasonToken)
		time.Sleep(time.Hour)
		if has := r.has(standup, "alice@"+host); !r.done.Load() || has != moderation.Outcast {
			t.Errorf("banned: %v; she is %s after %q", r.done.Load(), has, r.set())
		}
	})
}

// TestTakenAwayBetween: what an owner takes away is not given again, also if that falls between two questions of usher,
// of which the second then shows an owner that is no moderator.
func TestTakenAwayBetween(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		r := &changedBetween{rooms: newRooms(t, order, time.Millisecond), to: moderation.None,
			when: func(is moderation.Role) bool { return is == moderation.RoleModerator }}
		f := newFixture(t, moderationtest.State{})
		t.Cleanup(f.Act(t, r))
		f.Moderator(t, "alice", "standup")
		f.Joins(t, "alice@"+host, standup, moderation.ReasonToken)
		time.Sleep(20 * time.Millisecond)
		r.Room(standup).Join("alice@" + host)
		time.Sleep(time.Hour)
		if has := r.has(standup, "alice@"+host); !r.done.Load() || has != moderation.None {
			t.Errorf("taken away: %v; she is %s after %q", r.done.Load(), has, r.set())
		}
	})
}

// TestRoleIsAsserted: an owner who is seen with another role is made owner again, but not for ever.
func TestRoleIsAsserted(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		r := newRooms(t, order, time.Millisecond)
		f := act(t, r)
		f.Moderator(t, "alice", "standup")
		f.Joins(t, "alice@"+host, standup, moderation.ReasonToken)
		time.Sleep(100 * time.Millisecond) // set, while the join is still on its way
		r.enter(standup, "alice@"+host)
		time.Sleep(time.Second)
		if role, sets := r.role(standup, "alice@"+host), r.set(); role != moderation.RoleModerator || len(sets) != 2 {
			t.Errorf("she is %s after %q", role, sets)
		}
		f.Moderator(t, "bob", "standup") // never comes
		f.Joins(t, "bob@"+host, standup, moderation.ReasonToken)
		time.Sleep(time.Hour)
		if reads, sets := r.reads(), r.set(); reads > 16 || len(sets) != 3 {
			t.Errorf("%d readings, %q", reads, sets)
		}
	})
}

// TestTrouble: while a room gives no answer nothing is lost.
func TestTrouble(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		r := newRooms(t, order, time.Millisecond)
		r.Fail(moderation.ErrForbidden)
		f := act(t, r)
		f.Moderator(t, "alice", "standup")
		f.Joins(t, "alice@"+host, standup, moderation.ReasonToken)
		r.enter(standup, "alice@"+host)
		time.Sleep(time.Minute)
		r.Fail(nil)
		time.Sleep(10 * time.Second)
		if sets := r.set(); len(sets) == 0 || sets[0] != "alice@"+host+" owner" {
			t.Errorf("set after the trouble: %q", sets)
		}
	})
}

// TestTroubleOfOneRoom: a room that is gone, or gives no answer, keeps no other from being reconciled.
func TestTroubleOfOneRoom(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		r := &rooms{moderationtest.New(t, order, moderationtest.Delays{Reading: time.Millisecond})}
		r.enter(standup, "alice@"+host)
		f := act(t, r)
		for _, room := range []string{"hall", "standup"} { // there is no hall
			f.Moderator(t, "alice", "*")
			f.Joins(t, "alice@"+host, room+"@"+conference, moderation.ReasonToken)
		}
		time.Sleep(time.Second)
		if r.role(standup, "alice@"+host) != moderation.RoleModerator || len(r.set()) != 1 {
			t.Errorf("set %q", r.set())
		}
		time.Sleep(time.Minute)
		reads := r.reads()
		time.Sleep(time.Hour)
		if n := r.reads() - reads; n > 0 {
			t.Errorf("%d readings of a room that is not there", n)
		}
	})
}

// TestNothingIsMissed: an account that gets another token while its room is being reconciled is seen to again.
func TestNothingIsMissed(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		r := newRooms(t, order, time.Millisecond)
		r.setting(200 * time.Millisecond)
		f := act(t, r)
		time.Sleep(time.Second) // what comes with a new connection is over
		for _, account := range []string{"alice", "bob", "carol"} {
			f.Login(t, f.Identity(account, "token of "+account, "standup"))
			f.Joins(t, account+"@"+host, standup, moderation.ReasonToken)
			r.enter(standup, account+"@"+host)
		}
		time.Sleep(300 * time.Millisecond) // alice is member by now, bob becomes it
		f.Pass(time.Second)
		f.Moderator(t, "alice", "standup")
		time.Sleep(time.Minute)
		if got := r.has(standup, "alice@"+host); got != moderation.Owner {
			t.Errorf("she is %s after %q", got, r.set())
		}
	})
}
