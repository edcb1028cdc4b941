package unasked

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const (
	muc     = "conference.h"
	standup = "standup@conference.h"
)

// connected has a component whose rooms were listed.
func connected(all bool, rooms ...string) *Book {
	return connectedWith(UsualLimits(), all, rooms...)
}

func connectedWith(l Limits, all bool, rooms ...string) *Book {
	b := New(l)
	b.Connected(1)
	b.Listed(muc, rooms, all)
	return b
}

func (b *Book) want(t *testing.T, joins, begins Answer, unasked int) {
	t.Helper()
	if r := b.Report(muc); r.Joins != joins || r.Begins != begins || r.Unasked != unasked {
		t.Errorf("joins %s, begins %s, %d unasked; want %s, %s, %d", r.Joins, r.Begins, r.Unasked, joins, begins, unasked)
	}
}

// TestWhoIsFound is the table of who counts as unasked, and who does not.
func TestWhoIsFound(t *testing.T) {
	for name, row := range map[string]struct {
		do      func(b *Book)
		all     bool
		before  []string // rooms when the component connects
		joins   Answer
		unasked int
	}{
		"nothing happens": {func(*Book) {}, true, nil, NotSeen, 0},
		"asked about, and in": {func(b *Book) {
			b.Began(muc, standup)
			b.Asked(muc, standup, "alice@h", true)
			b.Saw(muc, standup, []string{"alice@h"})
		}, true, nil, Asked, 0},
		"a room that nobody told of": {func(b *Book) {
			b.Listed(muc, []string{standup}, true)
			b.Saw(muc, standup, []string{"alice@h", "bob@h"})
		}, true, nil, Missing, 2},
		"a public room that nobody told of": {func(b *Book) {
			b.Listed(muc, []string{standup}, false)
			b.Saw(muc, standup, []string{"alice@h"})
		}, false, nil, Missing, 1},
		"a hidden room that may be old": {func(b *Book) {
			b.Asked(muc, standup, "alice@h", true)
			b.Saw(muc, standup, []string{"alice@h", "old@h"})
		}, false, nil, Asked, 0},
		"a newcomer in it": {func(b *Book) {
			b.Saw(muc, standup, []string{"old@h"})
			b.Saw(muc, standup, []string{"old@h", "mallory@h"})
		}, false, nil, Missing, 1},
		"who was there before": {func(b *Book) { b.Saw(muc, standup, []string{"alice@h"}) }, true, []string{standup}, NotSeen, 0},
		"who comes afterwards": {func(b *Book) {
			b.Saw(muc, standup, []string{"alice@h"})
			b.Saw(muc, standup, []string{"alice@h", "mallory@h"})
		}, true, []string{standup}, Missing, 1},
		"new rooms are asked about, joins are not": {func(b *Book) {
			b.Began(muc, standup)
			b.Saw(muc, standup, []string{"mallory@h"})
		}, false, nil, Missing, 1},
		"who was refused, and is in": {func(b *Book) {
			b.Began(muc, standup)
			b.Asked(muc, standup, "mallory@h", false)
			b.Saw(muc, standup, []string{"mallory@h"})
		}, true, nil, Missing, 1},
		"asked about before the component is back, and in only then": {func(b *Book) {
			b.Asked(muc, standup, "alice@h", true)
			b.Connected(2)
			b.Listed(muc, []string{standup}, true)
			b.Saw(muc, standup, []string{"old@h"})
			b.Saw(muc, standup, []string{"old@h", "alice@h"})
		}, true, nil, Asked, 0},
		"not asked about, and in only once the component is back": {func(b *Book) {
			b.Asked(muc, standup, "alice@h", true)
			b.Connected(2)
			b.Listed(muc, []string{standup}, true)
			b.Saw(muc, standup, []string{"old@h"})
			b.Saw(muc, standup, []string{"old@h", "mallory@h"})
		}, true, nil, Missing, 1},
		"asked about and in before Prosody was restarted, and not afterwards": {func(b *Book) {
			b.Asked(muc, standup, "alice@h", true)
			b.Saw(muc, standup, []string{"alice@h"})
			b.Asked(muc, standup, "bob@h", true)
			b.Connected(2)
			b.Listed(muc, nil, true)
			b.Listed(muc, []string{standup}, true)
			b.Saw(muc, standup, []string{"alice@h"})
		}, true, nil, Missing, 1},
		"asked about in another room": {func(b *Book) {
			b.Asked(muc, "other@conference.h", "mallory@h", true)
			b.Listed(muc, []string{standup}, true)
			b.Saw(muc, standup, []string{"mallory@h"})
		}, true, nil, Missing, 1},
		"an empty room": {func(b *Book) { b.Saw(muc, standup, nil) }, true, nil, NotSeen, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := connected(row.all, row.before...)
				time.Sleep(time.Second)
				row.do(b)
				if r := b.Report(muc); r.Joins != row.joins || r.Unasked != row.unasked {
					t.Errorf("joins %s, %d unasked; want %s, %d", r.Joins, r.Unasked, row.joins, row.unasked)
				}
			})
		})
	}
}

// TestFoundAgain: what was found stays after a reconnection while they are there, goes with a Prosody that was restarted,
// and with the first question when they have left.
func TestFoundAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := connected(true)
		time.Sleep(time.Second)
		b.Listed(muc, []string{standup}, true)
		if !b.Saw(muc, standup, []string{"mallory@h"}) || b.Saw(muc, standup, []string{"mallory@h"}) {
			t.Error("it is not news once")
		}
		time.Sleep(time.Second)
		b.Connected(2)
		b.want(t, Missing, NotSeen, 1)
		b.Listed(muc, []string{standup}, true)
		b.Saw(muc, standup, []string{"mallory@h", "old@h"}) // the other may have come while nobody could look
		b.want(t, Missing, NotSeen, 1)
		time.Sleep(time.Second)
		b.Saw(muc, standup, []string{"old@h"})
		b.want(t, Missing, NotSeen, 0) // nothing says that it was mended
		time.Sleep(time.Second)
		b.Asked(muc, standup, "alice@h", true)
		b.want(t, Asked, NotSeen, 0)

		b.Saw(muc, standup, []string{"old@h", "eve@h"})
		b.want(t, Missing, NotSeen, 1)
		time.Sleep(time.Second)
		b.Connected(3) // a Prosody without rooms
		b.Listed(muc, nil, true)
		b.want(t, NotSeen, NotSeen, 0)
	})
}

// TestBegins: who makes a room that nobody was asked about is found, until Prosody asks.
func TestBegins(t *testing.T) {
	b := connected(true)
	if b.Made(muc) || b.EverMade(muc) || b.Strict(muc, standup) {
		t.Error("something was asked")
	}
	if !b.Unannounced(muc, standup, "bob@h") || b.Unannounced(muc, standup, "bob@h") || !b.Strict(muc, standup) {
		t.Error("it is not news once")
	}
	b.want(t, NotSeen, Missing, 0)
	b.Began(muc, "other@conference.h")
	b.want(t, NotSeen, Asked, 0)
	if !b.Made(muc) || !b.Strict(muc, standup) {
		t.Error("the room did not begin anew")
	}
	b.Began(muc, standup)
	if b.Strict(muc, standup) {
		t.Error("the room began anew")
	}
	b.Connected(2)
	if b.Made(muc) || !b.EverMade(muc) {
		t.Error("on another connection anything may be")
	}
	b.want(t, NotSeen, NotSeen, 0)
}

// TestLeftAndBack: whoever was asked about is known while inside, and some time before; whoever comes back later is asked
// about again.
func TestLeftAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := connected(true)
		b.Began(muc, standup)
		b.Asked(muc, standup, "alice@h", true)
		time.Sleep(joinTakes - time.Second) // a queue of Prosody's
		b.Saw(muc, standup, nil)
		b.Saw(muc, standup, []string{"alice@h"})
		time.Sleep(24 * time.Hour)
		b.Saw(muc, standup, []string{"alice@h"})
		b.want(t, Asked, Asked, 0)
		time.Sleep(joinTakes)
		b.Saw(muc, standup, nil)
		b.Saw(muc, standup, []string{"alice@h"})
		b.want(t, Missing, Asked, 1)
	})
}

// TestLook: what to look at is what is new, what was heard of, and then the others.
func TestLook(t *testing.T) {
	b := connected(true, "a@conference.h")
	b.Saw(muc, "a@conference.h", nil)
	b.Hear(muc, "hidden@conference.h")
	if got := fmt.Sprint(b.Listed(muc, []string{"a@conference.h", "b@conference.h"}, false)); got != "[hidden@conference.h b@conference.h a@conference.h]" {
		t.Errorf("look at %s", got)
	}
	if got := b.Listed(muc, nil, false); len(got) != 0 {
		t.Errorf("look at %s", got)
	}
}

// TestBounds: nothing grows without end, and what was forgotten makes nobody be found.
func TestBounds(t *testing.T) {
	const maxRooms, maxAccounts = 500, 5000
	b := connectedWith(Limits{maxRooms, maxAccounts}, true)
	for i := range maxRooms + 100 {
		for j := range 15 {
			b.Asked(muc, fmt.Sprint("r", i, "@conference.h"), fmt.Sprint("g", j, "@h"), true)
		}
		b.Hear(muc, fmt.Sprint("r", i, "@conference.h"))
	}
	n := 0
	for _, r := range b.rooms {
		n += len(r.known)
	}
	if len(b.rooms) > maxRooms || b.accounts > maxAccounts || n != b.accounts || len(b.mucLocked(muc).heard) > maxHeard {
		t.Errorf("%d rooms, %d accounts (%d), %d heard of", len(b.rooms), b.accounts, n, len(b.mucLocked(muc).heard))
	}
	for i := range maxRooms + 100 {
		b.Saw(muc, fmt.Sprint("r", i, "@conference.h"), []string{"g0@h"})
	}
	b.want(t, Asked, NotSeen, 0)
	b = connected(true)
	for i := range 5000 {
		b.Saw(muc, fmt.Sprint("r", i, "@conference.h"), []string{"g0@h"})
		b.Unannounced(muc, fmt.Sprint("r", i, "@conference.h"), "g0@h")
	}
	if c := b.mucLocked(muc); c.n != maxUnasked || len(c.strict) != maxUnasked {
		t.Errorf("%d unasked, %d strict", c.n, len(c.strict))
	}
	for i := range 5000 {
		b.Gone(muc, fmt.Sprint("r", i, "@conference.h"))
	}
	if c := b.mucLocked(muc); c.n != 0 || len(c.unasked) != 0 {
		t.Errorf("%d unasked", c.n)
	}
}

// TestAtOnce: whatever comes while a long list is looked at, the book counts right, and stays within its bounds.
func TestAtOnce(t *testing.T) {
	l := Limits{Rooms: 400, Accounts: 3000}
	b := connectedWith(l, true)
	var rooms, people []string
	for i := range 500 {
		rooms = append(rooms, fmt.Sprint("r", i, "@conference.h"))
		people = append(people, fmt.Sprint("p", i, "@h"))
	}
	var all sync.WaitGroup
	for _, do := range []func(i int){
		func(i int) { b.Listed(muc, rooms[i%100:], i%2 == 0) },
		func(i int) { b.Saw(muc, rooms[i%3], people[i%100:]) },
		func(i int) { b.Saw(muc, rooms[i%3], people[:400]) },
		func(i int) { b.Connected(uint64(i + 2)) },
		func(i int) { b.Began(muc, rooms[i%3]); b.Gone(muc, rooms[i%5]) },
		func(i int) {
			for j := range 20 {
				b.Asked(muc, rooms[i%7], people[(i*20+j)%500], true)
			}
		},
	} {
		all.Go(func() {
			for i := range 200 {
				do(i)
			}
		})
	}
	all.Wait()
	n := 0
	for key, r := range b.rooms {
		if n += len(r.known); r.key != key {
			t.Error("a room is at another's place")
		}
		for _, k := range r.known {
			if k.at.After(r.last) {
				t.Error("a room has later accounts")
			}
		}
	}
	unasked := 0
	for _, in := range b.mucLocked(muc).unasked {
		unasked += len(in)
	}
	if n != b.accounts || n > l.Accounts || len(b.rooms) > l.Rooms || unasked != b.mucLocked(muc).n {
		t.Errorf("%d accounts (%d) in %d rooms, %d unasked (%d)", n, b.accounts, len(b.rooms), unasked, b.mucLocked(muc).n)
	}
}
