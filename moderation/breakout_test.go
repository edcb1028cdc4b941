package moderation_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/moderation"
)

const breakout = "6b7e7c2a-8c1f-4d53-9c55-7b9a0e0f1c2d@breakout." + host

// breakoutRooms also say whose breakout room one is.
type breakoutRooms struct {
	*fakeRooms
	main string
	err  error
}

func (r *breakoutRooms) MainRoom(context.Context, string) (string, error) { return r.main, r.err }

func newBreakoutFixture(t testing.TB) *fixture {
	t.Helper()
	f := newFixture(t, moderation.State{})
	p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: host, MUC: []string{muc}, Breakout: []string{"breakout." + host},
		Guests: []string{"guest." + host}, ServiceAccounts: []string{"focus@auth." + host}}})
	if err != nil {
		t.Fatal(err)
	}
	f.Reload(t.Context(), p)
	f.Create(t.Context(), "first@"+muc) // Prosody asks about rooms
	f.record(t, f.identity("alice", "t1", "standup"))
	f.record(t, f.identity("bob", "t2", "*"))
	f.record(t, f.identity("eve", "t3", "other"))
	return f
}

// TestBreakoutAlone: without a component a breakout room is open to whoever was let into a main room that is open still.
func TestBreakoutAlone(t *testing.T) {
	f := newBreakoutFixture(t)
	f.joins(t, "alice@"+host, breakout, moderation.ReasonBreakoutUnknown)
	f.joins(t, "guest1@guest."+host, breakout, moderation.ReasonBreakoutUnknown)
	f.joins(t, "alice@"+host, "standup@"+muc, moderation.ReasonToken)
	f.joins(t, "alice@"+host, breakout, moderation.ReasonToken)
	f.joins(t, "guest1@guest."+host, "standup@"+muc, moderation.ReasonGuest)
	f.joins(t, "guest1@guest."+host, breakout, moderation.ReasonGuest)
	f.joins(t, "guest2@guest."+host, breakout, moderation.ReasonBreakoutUnknown)
	f.joins(t, "eve@"+host, "standup@"+muc, moderation.ReasonRoomMismatch)
	f.joins(t, "eve@"+host, breakout, moderation.ReasonBreakoutUnknown)
	f.joins(t, "focus@auth."+host, breakout, moderation.ReasonServiceAccount)
	f.pass(2 * time.Hour) // the token ends
	f.joins(t, "alice@"+host, breakout, moderation.ReasonBreakoutUnknown)
}

// TestBreakoutOf: with one it is open to who is in its main room, or was, and to nobody else.
func TestBreakoutOf(t *testing.T) {
	f := newBreakoutFixture(t)
	r := &breakoutRooms{fakeRooms: newFakeRooms(0), main: "standup@" + muc}
	f.connect(r)
	f.joins(t, "alice@"+host, breakout, moderation.ReasonBreakoutUnknown)
	f.joins(t, "alice@"+host, "standup@"+muc, moderation.ReasonToken)
	f.joins(t, "alice@"+host, breakout, moderation.ReasonToken)
	f.joins(t, "bob@"+host, "another@"+muc, moderation.ReasonToken)
	f.joins(t, "bob@"+host, breakout, moderation.ReasonBreakoutUnknown)
	r.enter("bob@" + host) // before usher was restarted, say
	f.joins(t, "bob@"+host, breakout, moderation.ReasonToken)
	r.enter("eve@" + host)
	f.joins(t, "eve@"+host, breakout, moderation.ReasonRoomMismatch)
	other := strings.Replace(breakout, "6b", "7b", 1)
	for _, bad := range []breakoutRooms{{main: "standup@elsewhere.example"}, {main: breakout}, {err: moderation.ErrUnreachable}} {
		r.main, r.err = bad.main, bad.err
		f.joins(t, "alice@"+host, other, moderation.ReasonBreakoutUnknown)
	}
	r.main, r.err = "Standup@conference.acme."+host, nil // as Jitsi's mapper shows it
	f.joins(t, "alice@"+host, strings.Replace(breakout, "6b", "8b", 1), moderation.ReasonBreakoutUnknown)
	f.joins(t, "alice@"+host, "[acme]standup@"+muc, moderation.ReasonToken)
	f.joins(t, "alice@"+host, strings.Replace(breakout, "6b", "8b", 1), moderation.ReasonToken)
}

// TestAttendanceBounds: any number of accounts and of long names of rooms leave memory bounded, and who came last is known.
func TestAttendanceBounds(t *testing.T) {
	f := newBreakoutFixture(t)
	before := heap()
	long := strings.Repeat("x", 1000)
	for i := range 30_000 {
		f.joins(t, "bob@"+host, fmt.Sprint(long, i, "@", muc), moderation.ReasonToken)
		f.joins(t, fmt.Sprint("g", i, "@guest.", host), fmt.Sprint(long, i, "@", muc), moderation.ReasonGuest)
	}
	if grown := heap() - before; grown > 200<<20 { // most of it are the rooms that were started
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
	f.joins(t, "bob@"+host, breakout, moderation.ReasonToken)
	f.joins(t, "g29999@guest."+host, breakout, moderation.ReasonGuest)
	f.joins(t, "g0@guest."+host, breakout, moderation.ReasonBreakoutUnknown)
}
