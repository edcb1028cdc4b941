package muc_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"usher/moderation"
	"usher/moderation/moderationtest"
)

const standup = moderationtest.Standup

// inBothOrders has a test in the time of a bubble, with a Prosody whose rooms are there and which was seen for a second.
func inBothOrders(t *testing.T, test func(*testing.T, *fixture, *moderationtest.MUC)) {
	t.Helper()
	for _, order := range moderationtest.Orders() {
		t.Run(order.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, moderationtest.State{})
				r := moderationtest.New(t, order, moderationtest.Delays{Reading: time.Millisecond}).Everywhere()
				t.Cleanup(f.Act(t, r))
				time.Sleep(time.Second)
				test(t, f, r)
			})
		})
	}
}

// telling has rooms take so long to say how far they are, and forgets what they were asked before.
func telling(r *moderationtest.MUC, d time.Duration) {
	r.Delay(func(delays *moderationtest.Delays) { delays.Telling = d })
	r.Forget()
}

// TestGuestsWithoutAComponent: nobody can look whether a room is still there, so that Prosody's question about it has to
// have come.
func TestGuestsWithoutAComponent(t *testing.T) {
	f := newFixture(t, moderationtest.State{})
	f.Moderator(t, "alice", "*")
	f.Joins(t, "alice@"+host, standup, moderation.ReasonToken)
	f.Joins(t, "g@guest."+host, standup, moderation.ReasonNotStarted)
	f.Create(t.Context(), standup)
	f.Joins(t, "g@guest."+host, standup, moderation.ReasonNotStarted)
	f.Joins(t, "alice@"+host, standup, moderation.ReasonToken)
	f.Joins(t, "g@guest."+host, standup, moderation.ReasonGuest)
}

// TestAClassAtOnce: where only the room can tell that it runs, as after a restart of usher, everybody who joins at the
// same moment is let in, however long the room takes to tell; and a room that holds up all places for such questions is
// waited for.
func TestAClassAtOnce(t *testing.T) {
	inBothOrders(t, func(t *testing.T, f *fixture, r *moderationtest.MUC) {
		f.Moderator(t, "alice", "standup")
		f.Joins(t, "alice@"+host, standup, moderation.ReasonToken)
		r.Room(standup).Join("alice@" + host)
		telling(r, 300*time.Millisecond)
		began := time.Now()
		var class sync.WaitGroup
		for i := range 300 {
			class.Go(func() {
				f.Joins(t, fmt.Sprintf("g%d@guest.%s", i, host), standup, moderation.ReasonGuest)
			})
		}
		for i := range 20 {
			class.Go(func() {
				f.Joins(t, fmt.Sprintf("x%d@guest.%s", i, host), fmt.Sprintf("other-%d@%s", i, conference), moderation.ReasonNotStarted)
			})
		}
		class.Wait()
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// TestOneQuestionOfARoom: whoever asks at the same time shares the question, and whoever came while one was under way, in
// which nobody was in the room, the next.
func TestOneQuestionOfARoom(t *testing.T) {
	inBothOrders(t, func(t *testing.T, f *fixture, r *moderationtest.MUC) {
		f.Moderator(t, "alice", "standup")
		f.Joins(t, "alice@"+host, standup, moderation.ReasonToken) // and does not come in
		telling(r, 100*time.Millisecond)
		var class sync.WaitGroup
		for i := range 100 {
			class.Go(func() {
				time.Sleep(time.Duration(i) * 100 * time.Microsecond)
				f.Joins(t, fmt.Sprintf("g%d@guest.%s", i, host), standup, moderation.ReasonNotStarted)
			})
		}
		class.Wait()
		if seen := r.Seen(); seen.Begun != 2 || seen.AtOnce != 1 {
			t.Errorf("the room was asked %d times, %d of them at once", seen.Begun, seen.AtOnce)
		}
	})
}

// TestAskedOnceMore: a room that does not answer in time, as Prosody is busy, is asked once more, and no third time.
func TestAskedOnceMore(t *testing.T) {
	inBothOrders(t, func(t *testing.T, f *fixture, r *moderationtest.MUC) {
		f.Moderator(t, "alice", "standup")
		f.Joins(t, "alice@"+host, standup, moderation.ReasonToken)
		r.Room(standup).Join("alice@" + host)
		telling(r, 600*time.Millisecond)
		time.AfterFunc(400*time.Millisecond, func() { telling(r, time.Millisecond) })
		f.Joins(t, "g@guest."+host, standup, moderation.ReasonGuest)
		telling(r, time.Minute)
		f.Joins(t, "late@guest."+host, standup, moderation.ReasonNotStarted)
		if seen := r.Seen(); seen.Begun != 2 {
			t.Errorf("the room was asked %d times", seen.Begun)
		}
	})
}

// TestBeginningFlood: joins of more rooms than can be asked are refused at once, and do not hold the connections of the
// door; that nobody is in a room is still found.
func TestBeginningFlood(t *testing.T) {
	inBothOrders(t, func(t *testing.T, f *fixture, r *moderationtest.MUC) {
		f.Login(t, f.Identity("alice", "t", "*"))
		for i := range 500 {
			f.Joins(t, "alice@"+host, fmt.Sprintf("room-%d@%s", i, conference), moderation.ReasonToken)
		}
		telling(r, time.Minute)
		began := time.Now()
		var waited atomic.Int32
		var flood sync.WaitGroup
		for i := range 500 {
			flood.Go(func() {
				f.Joins(t, fmt.Sprintf("g%d@guest.%s", i, host), fmt.Sprintf("room-%d@%s", i, conference), moderation.ReasonNotStarted)
				if time.Since(began) > 0 {
					waited.Add(1)
				}
			})
		}
		flood.Wait()
		if took, most := time.Since(began), r.Seen().AtOnce; waited.Load() > 64 || took > time.Second || most > 16 {
			t.Errorf("%d waited, %v at most; %d rooms were asked at once", waited.Load(), took, most)
		}
	})
}
