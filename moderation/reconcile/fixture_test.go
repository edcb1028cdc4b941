package reconcile_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"usher/lobby"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/reconcile"
)

const (
	host       = moderationtest.Host
	conference = moderationtest.Conference
	leeway     = moderationtest.Leeway
	standup    = moderationtest.Standup
	hall       = "hall@" + conference
)

// A fixture is a world, and what the tests of this package do there.
type fixture struct{ *moderationtest.World }

func newFixture(t testing.TB, state moderationtest.State) *fixture {
	t.Helper()
	return &fixture{moderationtest.NewWorld(t, moderationtest.WorldOptions{State: state})}
}

// newSmallFixture is newFixture with bounds that are smaller by a factor.
func newSmallFixture(t testing.TB, state moderationtest.State, factor int) *fixture {
	t.Helper()
	return &fixture{moderationtest.NewWorld(t, moderationtest.WorldOptions{State: state, Smaller: factor})}
}

// rooms are those of a Prosody, each of which is there as soon as it is asked about.
type rooms struct{ *moderationtest.MUC }

func newRooms(t testing.TB, order moderationtest.Order, reading time.Duration) *rooms {
	return &rooms{moderationtest.New(t, order, moderationtest.Delays{Reading: reading}).Everywhere()}
}

// enter has an account come in whose role was computed before anything was set.
func (r *rooms) enter(room, jid string) {
	r.Room(room).JoinAs(jid, moderation.RoleParticipant)
}

func (r *rooms) has(room, jid string) moderation.Affiliation { return r.Room(room).Has(jid) }

func (r *rooms) role(room, jid string) moderation.Role { return r.Room(room).Role(jid) }

// set returns what was set, in order.
func (r *rooms) set() []string {
	var list []string
	for _, s := range r.Seen().Sets {
		list = append(list, s.String())
	}
	return list
}

func (r *rooms) reads() int { return r.Seen().Reads }

// reading, listing and setting take so long from now on.
func (r *rooms) reading(d time.Duration) {
	r.Delay(func(delays *moderationtest.Delays) { delays.Reading = d })
}

func (r *rooms) listing(d time.Duration) {
	r.Delay(func(delays *moderationtest.Delays) { delays.Listing = d })
}

func (r *rooms) setting(d time.Duration) {
	r.Delay(func(delays *moderationtest.Delays) { delays.Setting = d })
}

// did wants so many readings of rooms, and exactly these changes, since the last time.
func (r *rooms) did(t *testing.T, reads int, sets ...string) {
	t.Helper()
	if got := strings.Join(r.set(), ", "); r.reads() != reads || got != strings.Join(sets, ", ") {
		t.Errorf("read %d times, set %q; want %d times, %q", r.reads(), got, reads, sets)
	}
	r.Forget()
}

// inBothOrders is a test in the time of a bubble, with requests in their order and in any.
func inBothOrders(t *testing.T, test func(*testing.T, moderationtest.Order)) {
	t.Helper()
	for _, order := range moderationtest.Orders() {
		t.Run(order.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, order) })
		})
	}
}

// act has everything done in the rooms of a new fixture, for the time of a test.
func act(t *testing.T, r *rooms) *fixture {
	t.Helper()
	f := newFixture(t, moderationtest.State{})
	t.Cleanup(f.Act(t, r))
	return f
}

// startHall has alice in a room that usher knows, and a reconciler that runs over no room by itself.
func startHall(t *testing.T, order moderationtest.Order, reading time.Duration) (*fixture, *rooms, *reconcile.Reconciler) {
	t.Helper()
	f, r := newFixture(t, moderationtest.State{}), newRooms(t, order, reading)
	k, _ := f.Connect(r)
	k.Attend(t)
	alice := f.Identity("alice", "token of alice", "*")
	alice.Expires = f.Now().Add(24 * time.Hour)
	f.Login(t, alice)
	f.Joins(t, "alice@"+host, hall, moderation.ReasonToken)
	r.enter(hall, "alice@"+host)
	return f, r, k
}

// before is BeforeJoin as the gateway asks: it waits for 200 ms at most.
func (f *fixture) before(t *testing.T, user, room string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	f.BeforeJoin(ctx, user, room)
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

// attend has done in the rooms what is asked for, while no room is reconciled otherwise.
func (f *fixture) attend(t *testing.T, r *rooms) *reconcile.Reconciler {
	t.Helper()
	k, _ := f.Connect(r)
	k.Attend(t)
	return k
}

func newLobbyFixture(t *testing.T, mode lobby.Mode) *fixture {
	t.Helper()
	return &fixture{moderationtest.NewLobbyWorld(t, mode)}
}

// startLobby has everything at work, and alice, a moderator, in the room standup.
func startLobby(t *testing.T, mode lobby.Mode, order moderationtest.Order) (f *fixture, r *rooms, stop func()) {
	t.Helper()
	w, m, stop := moderationtest.StartLobby(t, mode, order)
	return &fixture{w}, &rooms{m}, stop
}
