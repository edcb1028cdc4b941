package reconcile_test

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"usher/metrics"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/sessions"
	"usher/moderation/unasked"
)

// startWatch has a keeper at work on a Prosody with these rooms.
func startWatch(t *testing.T, rooms ...string) (*fixture, *fakeRooms, func() unasked.Report) {
	t.Helper()
	r := newFakeRooms(time.Millisecond)
	r.rooms = rooms
	f := keep(t, r)
	time.Sleep(time.Second)
	return f, r, func() unasked.Report { return f.Asked.Of(host)[0] }
}

// TestWatchFinds: people in a room of which nobody told usher make it not ready, with the module and the component named.
func TestWatchFinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, r, report := startWatch(t)
		if got := report(); got.Joins != unasked.NotSeen || len(f.Asked.Missing()) != 0 {
			t.Errorf("at first: %+v, %q", got, f.Asked.Missing())
		}
		r.enter("mallory@" + host)
		r.enter("g@guest." + host)
		r.enter("focus@auth." + host)
		r.enter("somebody@elsewhere.example.org")
		r.change(func() { r.rooms = []string{"standup@" + conference} })
		time.Sleep(time.Minute)
		if got := report(); got.Joins != unasked.Missing || got.Unasked != 2 {
			t.Errorf("%+v", got)
		}
		if lines := f.Asked.Missing(); len(lines) != 1 || !strings.Contains(lines[0], `"muc_http_auth" into modules_enabled of Component "`+conference+`"`) || strings.Contains(lines[0], "mallory") {
			t.Errorf("%q", lines)
		}
		if err := testutil.GatherAndCompare(f.Metrics.Gatherer(), strings.NewReader("# HELP usher_unasked_occupants People in rooms about whom Prosody did not ask usher, as far as they were seen.\n# TYPE usher_unasked_occupants gauge\nusher_unasked_occupants 2\n"), metrics.UnaskedOccupants); err != nil {
			t.Error(err)
		}
	})
}

// TestWatchIsQuiet: what is asked about, what was there before, and what usher need not be asked about is not found.
func TestWatchIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFakeRooms(time.Millisecond)
		r.rooms = []string{"standup@" + conference}
		r.enter("old@" + host)
		f := keep(t, r)
		f.Login(t, f.Identity("alice", "a", "*"))
		time.Sleep(time.Minute)
		r.change(func() { delete(r.there, "old@"+host) })
		f.Create(t.Context(), "new@"+conference)
		for _, room := range []string{"standup@" + conference, "new@" + conference} {
			f.Joins(t, "alice@"+host, room, moderation.ReasonToken)
			f.Joins(t, "g@guest."+host, room, moderation.ReasonGuest)
			f.Joins(t, "focus@auth."+host, room, moderation.ReasonServiceAccount)
		}
		for _, jid := range []string{"alice@" + host, "g@guest." + host, "focus@auth." + host, "visitor@elsewhere.example.org"} {
			r.enter(jid)
		}
		time.Sleep(10 * time.Second)
		r.change(func() { r.rooms = append(r.rooms, "new@"+conference) })
		time.Sleep(time.Hour)
		for _, connection := range []uint64{2, 3} { // lost and back
			r.change(func() { r.connection = 0 })
			time.Sleep(time.Minute)
			r.change(func() { r.connection = connection })
			r.connected <- struct{}{}
			time.Sleep(time.Minute)
		}
		if lines := f.Asked.Missing(); len(lines) != 0 {
			t.Errorf("%q", lines)
		}
	})
}

// TestWatchIdles: a Prosody without rooms is asked twice a minute, and no more.
func TestWatchIdles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, r, _ := startWatch(t)
		time.Sleep(time.Hour)
		r.change(func() {
			if r.listings > 125 || r.listings < 60 || r.looks > 0 {
				t.Errorf("%d lists, %d looks in an hour", r.listings, r.looks)
			}
		})
	})
}

// TestNoGuestBeginsARoom: where Prosody does not ask about new rooms no guest is let into a room that has emptied; whoever
// became its owner by trying loses that, and it is found.
func TestNoGuestBeginsARoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, r, report := startWatch(t)
		guest := "g@guest." + host
		f.moderator(t, "alice", "standup")
		f.Joins(t, "alice@"+host, "standup@"+conference, moderation.ReasonToken)
		r.enter("alice@" + host)
		time.Sleep(time.Minute)
		f.Joins(t, guest, "standup@"+conference, moderation.ReasonGuest)
		r.change(func() { clear(r.there); clear(r.has); r.has[guest] = moderation.Owner }) // Prosody makes it anew for him
		f.Joins(t, guest, "standup@"+conference, moderation.ReasonNotStarted)
		time.Sleep(10 * time.Second)
		r.change(func() {
			if r.has[guest] == moderation.Owner {
				t.Errorf("the guest is owner: %q", r.sets)
			}
		})
		if got := report(); got.Begins != unasked.Missing || len(f.Asked.Missing()) != 1 || !strings.Contains(f.Asked.Missing()[0], "mod_muc_http_defaults") {
			t.Errorf("%+v, %q", got, f.Asked.Missing())
		}
		f.Create(t.Context(), "other@"+conference)
		if got := report(); got.Begins != unasked.Asked || len(f.Asked.Missing()) != 0 {
			t.Errorf("mended: %+v, %q", got, f.Asked.Missing())
		}
	})
}

// TestNobodyOwnsWhatTheyBegin: whoever begins a room about which nobody asked keeps what the token says, and no more.
func TestNobodyOwnsWhatTheyBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, r, report := startWatch(t)
		f.Login(t, f.Identity("bob", "b", "standup"))
		f.moderator(t, "alice", "standup")
		r.change(func() { r.has["bob@"+host] = moderation.Owner })
		f.Joins(t, "bob@"+host, "standup@"+conference, moderation.ReasonToken)
		r.enter("bob@" + host)
		r.enter("alice@" + host)
		f.Joins(t, "alice@"+host, "standup@"+conference, moderation.ReasonToken)
		time.Sleep(10 * time.Second)
		r.change(func() {
			if r.has["bob@"+host] != moderation.Member || r.has["alice@"+host] != moderation.Owner {
				t.Errorf("%q", r.has)
			}
		})
		if got := report(); got.Begins != unasked.Missing {
			t.Errorf("%+v", got)
		}
	})
}

// TestGuestsWithoutAComponent: nobody can look whether a room is still there, so that Prosody's question about it has to
// have come.
func TestGuestsWithoutAComponent(t *testing.T) {
	f := newFixture(t, sessions.State{})
	f.moderator(t, "alice", "*")
	f.Joins(t, "alice@"+host, "standup@"+conference, moderation.ReasonToken)
	f.Joins(t, "g@guest."+host, "standup@"+conference, moderation.ReasonNotStarted)
	f.Create(t.Context(), "standup@"+conference)
	f.Joins(t, "g@guest."+host, "standup@"+conference, moderation.ReasonNotStarted)
	f.Joins(t, "alice@"+host, "standup@"+conference, moderation.ReasonToken)
	f.Joins(t, "g@guest."+host, "standup@"+conference, moderation.ReasonGuest)
}

// TestMissingIsLoggedOnce: a line for each time that it is found, and not for each who comes.
func TestMissingIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		f := newFixture(t, sessions.State{})
		f.Restart(t, moderationtest.WorldOptions{Log: slog.New(slog.NewTextHandler(&log, nil))})
		r := newFakeRooms(time.Millisecond)
		stop := run(t, f.connect(r))
		time.Sleep(time.Second)
		r.change(func() { r.rooms = []string{"standup@" + conference} })
		for i := range 20 {
			r.enter("user" + string(rune('a'+i)) + "@" + host)
			time.Sleep(time.Minute)
		}
		stop()
		if n := strings.Count(log.String(), "joins are not under usher's control"); n != 1 {
			t.Errorf("%d lines", n)
		}
	})
}

// TestAClassAtOnce: where only the room can tell that it runs, as after a restart of usher, everybody who joins at the
// same moment is let in, however long the room takes to tell; and a room that holds up all places for such questions is
// waited for.
func TestAClassAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, r, _ := startWatch(t)
		f.moderator(t, "alice", "standup")
		f.Joins(t, "alice@"+host, "standup@"+conference, moderation.ReasonToken)
		r.enter("alice@" + host)
		r.change(func() { r.telling = 300 * time.Millisecond })
		began := time.Now()
		var class sync.WaitGroup
		for i := range 300 {
			class.Go(func() {
				f.Joins(t, fmt.Sprintf("g%d@guest.%s", i, host), "standup@"+conference, moderation.ReasonGuest)
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
	synctest.Test(t, func(t *testing.T) {
		f, r, _ := startWatch(t)
		f.moderator(t, "alice", "standup")
		f.Joins(t, "alice@"+host, "standup@"+conference, moderation.ReasonToken) // and does not come in
		r.change(func() { r.telling, r.asked, r.most = 100*time.Millisecond, 0, 0 })
		var class sync.WaitGroup
		for i := range 100 {
			class.Go(func() {
				time.Sleep(time.Duration(i) * 100 * time.Microsecond)
				f.Joins(t, fmt.Sprintf("g%d@guest.%s", i, host), "standup@"+conference, moderation.ReasonNotStarted)
			})
		}
		class.Wait()
		if r.asked != 2 || r.most != 1 {
			t.Errorf("the room was asked %d times, %d of them at once", r.asked, r.most)
		}
	})
}

// TestBeginningFlood: joins of more rooms than can be asked are refused at once, and do not hold the connections of the
// door; that nobody is in a room is still found.
func TestBeginningFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, r, _ := startWatch(t)
		f.Login(t, f.Identity("alice", "t", "*"))
		for i := range 500 {
			f.Joins(t, "alice@"+host, fmt.Sprintf("room-%d@%s", i, conference), moderation.ReasonToken)
		}
		r.change(func() { r.telling, r.most = time.Minute, 0 })
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
		if took := time.Since(began); waited.Load() > 64 || took > time.Second || r.most > 16 {
			t.Errorf("%d waited, %v at most; %d rooms were asked at once", waited.Load(), took, r.most)
		}
	})
}
