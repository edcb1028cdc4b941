package muc_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/moderation"
	"usher/moderation/moderationtest"
)

const breakout = "6b7e7c2a-8c1f-4d53-9c55-7b9a0e0f1c2d@breakout." + host

func newBreakoutFixture(t testing.TB) *fixture {
	t.Helper()
	f := newFixture(t, moderationtest.State{})
	p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: host, MUC: []string{conference}, Breakout: []string{"breakout." + host},
		Guests: []string{"guest." + host}, ServiceAccounts: []string{"focus@auth." + host}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.Reload(t.Context(), p)
	f.Create(t.Context(), "first@"+conference) // Prosody asks about rooms
	f.Login(t, f.Identity("alice", "t1", "standup"))
	f.Login(t, f.Identity("bob", "t2", "*"))
	f.Login(t, f.Identity("eve", "t3", "other"))
	return f
}

// TestBreakoutAlone: without a component a breakout room is open to whoever was let into a main room that is open still.
func TestBreakoutAlone(t *testing.T) {
	f := newBreakoutFixture(t)
	f.Joins(t, "alice@"+host, breakout, moderation.ReasonBreakoutUnknown)
	f.Joins(t, "guest1@guest."+host, breakout, moderation.ReasonBreakoutUnknown)
	f.Joins(t, "alice@"+host, "standup@"+conference, moderation.ReasonToken)
	f.Joins(t, "alice@"+host, breakout, moderation.ReasonToken)
	f.Joins(t, "guest1@guest."+host, "standup@"+conference, moderation.ReasonGuest)
	f.Joins(t, "guest1@guest."+host, breakout, moderation.ReasonGuest)
	f.Joins(t, "guest2@guest."+host, breakout, moderation.ReasonBreakoutUnknown)
	f.Joins(t, "eve@"+host, "standup@"+conference, moderation.ReasonRoomMismatch)
	f.Joins(t, "eve@"+host, breakout, moderation.ReasonBreakoutUnknown)
	f.Joins(t, "focus@auth."+host, breakout, moderation.ReasonServiceAccount)
	f.Pass(2 * time.Hour) // the token ends
	f.Joins(t, "alice@"+host, breakout, moderation.ReasonBreakoutUnknown)
}

// TestBreakoutOf: with one it is open to who is in its main room, or was, and to nobody else.
func TestBreakoutOf(t *testing.T) {
	f := newBreakoutFixture(t)
	r := moderationtest.New(t, moderationtest.InOrder, moderationtest.Delays{}).Everywhere()
	main := r.Room("standup@" + conference)
	r.SetMain(breakout, "standup@"+conference)
	f.Connect(r)
	f.Joins(t, "alice@"+host, breakout, moderation.ReasonBreakoutUnknown)
	f.Joins(t, "alice@"+host, "standup@"+conference, moderation.ReasonToken)
	f.Joins(t, "alice@"+host, breakout, moderation.ReasonToken)
	f.Joins(t, "bob@"+host, "another@"+conference, moderation.ReasonToken)
	f.Joins(t, "bob@"+host, breakout, moderation.ReasonBreakoutUnknown)
	main.JoinAs("bob@"+host, moderation.RoleParticipant) // before usher was restarted, say
	f.Joins(t, "bob@"+host, breakout, moderation.ReasonToken)
	main.JoinAs("eve@"+host, moderation.RoleParticipant)
	f.Joins(t, "eve@"+host, breakout, moderation.ReasonRoomMismatch)
	other := strings.Replace(breakout, "6b", "7b", 1)
	for bad, err := range map[string]error{"standup@elsewhere.example": nil, breakout: nil, "standup@" + conference: moderation.ErrUnreachable} {
		r.SetMain(other, bad)
		r.Fail(err)
		f.Joins(t, "alice@"+host, other, moderation.ReasonBreakoutUnknown)
	}
	r.Fail(nil)
	mapped := strings.Replace(breakout, "6b", "8b", 1)
	r.SetMain(mapped, "Standup@conference.acme."+host) // as Jitsi's mapper shows it
	f.Joins(t, "alice@"+host, mapped, moderation.ReasonBreakoutUnknown)
	f.Joins(t, "alice@"+host, "[acme]standup@"+conference, moderation.ReasonToken)
	f.Joins(t, "alice@"+host, mapped, moderation.ReasonToken)
}

// TestAttendanceBounds: any number of accounts and of long names of rooms leave memory bounded, and who came last is known.
func TestAttendanceBounds(t *testing.T) {
	f := newBreakoutFixture(t)
	before := moderationtest.Heap()
	long := strings.Repeat("x", 1000)
	for i := range 30_000 {
		f.Joins(t, "bob@"+host, fmt.Sprint(long, i, "@", conference), moderation.ReasonToken)
		f.Joins(t, fmt.Sprint("g", i, "@guest.", host), fmt.Sprint(long, i, "@", conference), moderation.ReasonGuest)
	}
	if grown := moderationtest.Heap() - before; grown > 200<<20 { // most of it are the rooms that were started
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
	f.Joins(t, "bob@"+host, breakout, moderation.ReasonToken)
	f.Joins(t, "g29999@guest."+host, breakout, moderation.ReasonGuest)
	f.Joins(t, "g0@guest."+host, breakout, moderation.ReasonBreakoutUnknown)
}
