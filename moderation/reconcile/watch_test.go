package reconcile_test

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"usher/metrics"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/unasked"
)

// startWatch has a reconciler at work on a Prosody without rooms.
func startWatch(t *testing.T, order moderationtest.Order) (*fixture, *rooms, func() unasked.Report) {
	t.Helper()
	r := newRooms(t, order, time.Millisecond)
	f := act(t, r)
	time.Sleep(time.Second)
	return f, r, func() unasked.Report { return f.Asked.Of(host)[0] }
}

// TestWatchFinds: people in a room of which nobody told usher make it not ready, with the module and the component named.
func TestWatchFinds(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f, r, report := startWatch(t, order)
		if got := report(); got.Joins != unasked.NotSeen || len(f.Asked.Missing()) != 0 {
			t.Errorf("at first: %+v, %q", got, f.Asked.Missing())
		}
		r.enter(standup, "mallory@"+host)
		r.enter(standup, "g@guest."+host)
		r.enter(standup, "focus@auth."+host)
		r.enter(standup, "somebody@elsewhere.example.org")
		time.Sleep(time.Minute)
		if got := report(); got.Joins != unasked.Missing || got.Unasked != 2 {
			t.Errorf("%+v", got)
		}
		if lines := f.Asked.Missing(); len(lines) != 1 || !strings.Contains(lines[0], `"muc_http_auth" into modules_enabled of Component "`+conference+`"`) || strings.Contains(lines[0], "mallory") {
			t.Errorf("%q", lines)
		}
		if err := testutil.GatherAndCompare(f.Metrics.Gatherer(), strings.NewReader("# HELP usher_unasked_occupants People in rooms about whom nobody asked usher, as far as they were seen.\n# TYPE usher_unasked_occupants gauge\nusher_unasked_occupants 2\n"), metrics.UnaskedOccupants); err != nil {
			t.Error(err)
		}
	})
}

// TestWatchIsQuiet: what is asked about, what was there before, and what usher need not be asked about is not found.
func TestWatchIsQuiet(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		r := newRooms(t, order, time.Millisecond)
		r.enter(standup, "old@"+host)
		f := act(t, r)
		f.Login(t, f.Identity("alice", "a", "*"))
		time.Sleep(time.Minute)
		r.Room(standup).Leave("old@" + host)
		f.Create(t.Context(), hall)
		for _, room := range []string{standup, hall} {
			f.Joins(t, "alice@"+host, room, moderation.ReasonToken)
			f.Joins(t, "g@guest."+host, room, moderation.ReasonGuest)
			f.Joins(t, "focus@auth."+host, room, moderation.ReasonServiceAccount)
		}
		for _, jid := range []string{"alice@" + host, "g@guest." + host, "focus@auth." + host, "visitor@elsewhere.example.org"} {
			r.enter(standup, jid)
			r.enter(hall, jid)
		}
		time.Sleep(time.Hour)
		for _, connection := range []uint64{2, 3} { // lost and back
			r.Renumber(0)
			time.Sleep(time.Minute)
			r.Connect(connection)
			time.Sleep(time.Minute)
		}
		if lines := f.Asked.Missing(); len(lines) != 0 {
			t.Errorf("%q", lines)
		}
	})
}

// TestWatchIdles: a Prosody without rooms is asked twice a minute, and no more.
func TestWatchIdles(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		_, r, _ := startWatch(t, order)
		time.Sleep(time.Hour)
		if n := r.Seen().Listings; n > 125 || n < 60 || r.reads() > 0 {
			t.Errorf("%d lists, %d readings in an hour", n, r.reads())
		}
	})
}

// TestNoGuestBeginsARoom: where Prosody does not ask about new rooms no guest is let into a room that has emptied; whoever
// became its owner by trying loses that, and it is found.
func TestNoGuestBeginsARoom(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f, r, report := startWatch(t, order)
		guest := "g@guest." + host
		f.Moderator(t, "alice", "standup")
		f.Joins(t, "alice@"+host, standup, moderation.ReasonToken)
		r.enter(standup, "alice@"+host)
		time.Sleep(time.Minute)
		f.Joins(t, guest, standup, moderation.ReasonGuest)
		r.Room(standup).Leave("alice@" + host)
		r.Room(standup).Begin(guest) // Prosody makes it anew for him
		f.Joins(t, guest, standup, moderation.ReasonNotStarted)
		time.Sleep(10 * time.Second)
		if r.has(standup, guest) == moderation.Owner {
			t.Errorf("the guest is owner: %q", r.set())
		}
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
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f, r, report := startWatch(t, order)
		f.Login(t, f.Identity("bob", "b", "standup"))
		f.Moderator(t, "alice", "standup")
		r.Room(standup).Give("bob@"+host, moderation.Owner)
		f.Joins(t, "bob@"+host, standup, moderation.ReasonToken)
		r.enter(standup, "bob@"+host)
		r.enter(standup, "alice@"+host)
		f.Joins(t, "alice@"+host, standup, moderation.ReasonToken)
		time.Sleep(10 * time.Second)
		if r.has(standup, "bob@"+host) != moderation.Member || r.has(standup, "alice@"+host) != moderation.Owner {
			t.Errorf("bob is %q, alice %q", r.has(standup, "bob@"+host), r.has(standup, "alice@"+host))
		}
		if got := report(); got.Begins != unasked.Missing {
			t.Errorf("%+v", got)
		}
	})
}

// TestMissingIsLoggedOnce: a line for each time that it is found, and not for each who comes.
func TestMissingIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		f := newFixture(t, moderationtest.State{})
		f.Restart(t, moderationtest.WorldOptions{Log: slog.New(slog.NewTextHandler(&log, nil))})
		r := newRooms(t, moderationtest.InOrder, time.Millisecond)
		stop := f.Act(t, r)
		time.Sleep(time.Second)
		for i := range 20 {
			r.enter(standup, "user"+string(rune('a'+i))+"@"+host)
			time.Sleep(time.Minute)
		}
		stop()
		if n := strings.Count(log.String(), "joins are not under usher's control"); n != 1 {
			t.Errorf("%d lines", n)
		}
	})
}
