package ticket

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/metrics"
)

func TestTakenOnce(t *testing.T) {
	w := newWorld()
	text := w.issue(t, "token", false)
	r := w.Take(text, w.now)
	if r == nil || *r != w.record("token") {
		t.Errorf("got %+v", r)
	}
	w.expect(t, text, "")
	w.counted(t, map[metrics.TicketResult]float64{metrics.TicketIssued: 1, metrics.TicketRedeemed: 1, metrics.TicketUnknown: 1, metrics.TicketExpired: 0, metrics.TicketDropped: 0})
}

func TestTakenOnceByMany(t *testing.T) {
	w := newWorld()
	text := w.issue(t, "token", false)
	var taken atomic.Int32
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if w.Take(text, w.now) != nil {
				taken.Add(1)
			}
		})
	}
	all.Wait()
	if taken.Load() != 1 {
		t.Errorf("taken %d times", taken.Load())
	}
	w.check(t)
}

func TestGuessedByNobody(t *testing.T) {
	w := newWorld()
	text := w.issue(t, "token", false)
	other := "A"
	if strings.HasSuffix(text, other) {
		other = "B"
	}
	for _, guess := range []string{
		text[:len(text)-1] + other, // the right place, another secret
		strings.ToLower(text), text[:len(text)-1], text + "A", "", "ut-", "ut-" + strings.Repeat("A", len(text)-3),
	} {
		w.expect(t, guess, "")
		w.Cancel(guess)
		if w.Waits(guess) {
			t.Errorf("%q waits", guess)
		}
	}
	w.expect(t, text, "token") // guesses do not use it up
}

// TestEnds: the boundary is exact.
func TestEnds(t *testing.T) {
	w := newWorld()
	early, late := w.issue(t, "token", false), w.issue(t, "token", true)
	w.now = w.now.Add(Lifetime - 1)
	w.expect(t, early, "token")
	w.now = w.now.Add(1)
	w.expect(t, late, "")
	w.counted(t, map[metrics.TicketResult]float64{metrics.TicketRedeemed: 1, metrics.TicketExpired: 1, metrics.TicketUnknown: 0})
}

// TestExpire drops what is over, however many, and nothing else.
func TestExpire(t *testing.T) {
	w := newWorld()
	for i := range 3*sweptAtATime + 1 {
		w.issue(t, fmt.Sprint(i), false)
	}
	w.now = w.now.Add(Lifetime / 2)
	kept := w.issue(t, "kept", false)
	w.now = w.now.Add(Lifetime / 2)
	w.Expire(w.now)
	w.check(t)
	if len(w.bySelector) != 1 {
		t.Errorf("%d are left", len(w.bySelector))
	}
	w.expect(t, kept, "kept")
}

// TestOldestOfATokenMakesRoom: tickets for logins under way and other tickets do not
// push each other out.
func TestOldestOfATokenMakesRoom(t *testing.T) {
	w := newWorld()
	var waiting, others []string
	for range maxWaiting {
		waiting = append(waiting, w.issue(t, "token", true))
	}
	for range maxOfAToken + 1 {
		others = append(others, w.issue(t, "token", false))
	}
	w.expect(t, others[0], "")
	w.expect(t, others[1], "token")
	w.expect(t, waiting[1], "token")
	for range 2 { // one place is free, so one is pushed out
		waiting = append(waiting, w.issue(t, "token", true))
	}
	w.expect(t, waiting[0], "")
	for _, text := range slices.Concat(waiting[2:], others[2:]) {
		if w.Take(text, w.now) == nil {
			t.Fatal("one more was pushed out")
		}
	}
	w.check(t)
	w.counted(t, map[metrics.TicketResult]float64{metrics.TicketDropped: 2})
}

// TestFull: nobody is pushed out by another's tickets.
func TestFull(t *testing.T) {
	w := newWorld()
	first := w.issue(t, "first", false)
	for i := range Max - 1 {
		w.issue(t, fmt.Sprint(i), false)
	}
	if text, ok := w.Issue(w.record("more"), false, w.now); ok || text != "" {
		t.Errorf("one more: %q", text)
	}
	w.expect(t, first, "first")
	w.now = w.now.Add(Lifetime)
	w.issue(t, "later", false) // the old ones make room
	w.check(t)
}

func TestFullOfBytes(t *testing.T) {
	w := newWorld()
	bytes := 0
	for i := 0; ; i++ {
		token := fmt.Sprint(i, strings.Repeat("x", 5700))
		if _, ok := w.Issue(w.record(token), false, w.now); !ok {
			break
		}
		if bytes += len(token); bytes > MaxBytes {
			t.Fatalf("%d MiB of tokens are kept", bytes>>20)
		}
	}
	w.check(t)
	if bytes < MaxBytes-1<<20 {
		t.Errorf("full with %d bytes", bytes)
	}
}

func TestCancel(t *testing.T) {
	w := newWorld()
	dropped, kept := w.issue(t, "token", true), w.issue(t, "token", true)
	if !w.Waits(dropped) || !w.Waits(kept) {
		t.Error("one does not wait")
	}
	for range 2 {
		w.Cancel(dropped)
	}
	if w.Waits(dropped) || !w.Waits(kept) {
		t.Error("the wrong one waits")
	}
	w.expect(t, dropped, "")
	w.expect(t, kept, "token")
	w.counted(t, map[metrics.TicketResult]float64{metrics.TicketIssued: 2, metrics.TicketRedeemed: 1, metrics.TicketDropped: 1, metrics.TicketUnknown: 1})
}

// TestTokenIsKeptOnce: however many tickets of a token wait, its text takes up
// memory once.
func TestTokenIsKeptOnce(t *testing.T) {
	w := newWorld()
	token := strings.Repeat("x", 5700)
	before := heapBytes()
	for range maxWaiting {
		w.issue(t, strings.Clone(token), true) // each request has a copy of its own
	}
	if grown := heapBytes() - before; grown > 2<<20 {
		t.Errorf("the heap grew by %d KiB", grown>>10)
	}
	w.check(t)
}

func heapBytes() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// FuzzIs: what is a ticket can be looked up, and the rest of what is none is none.
func FuzzIs(f *testing.F) {
	w := New(metrics.New(""))
	good, _ := w.Issue(Record{Token: "token", Until: time.Now().Add(time.Hour)}, false, time.Now())
	f.Add(good)
	f.Add("ut-")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if w.Waits(text) != (text == good) {
			t.Errorf("%q waits", text)
		}
		if Is(text) && len(text) != 41 {
			t.Errorf("%q is one", text)
		}
	})
}

// TestAcceptedOnce: a ticket of another usher is good once, also if it is sent again after its use, by the one who issued it
// or by somebody who has kept what was sent; and what is remembered for that is bounded, and forgotten.
func TestAcceptedOnce(t *testing.T) {
	w := newWorld()
	text := newText()
	r := w.record("token")
	again := func(want bool) {
		t.Helper()
		if got := w.Accept(text, r, w.now); got != want {
			t.Errorf("%v before its end: taken over: %t", r.Until.Sub(w.now), got)
		}
	}
	again(true)
	again(false)
	w.expect(t, text, "token")
	for range 6 {
		again(false)
		w.expect(t, text, "")
		w.now = w.now.Add(Lifetime / 6)
		w.Accept(newText(), Record{Token: "another", Until: w.now.Add(Lifetime)}, w.now)
	}
	for range 2 * Max {
		other := newText()
		w.Accept(other, Record{Token: "another", Until: w.now.Add(Lifetime)}, w.now)
		w.Cancel(other)
	}
	if n := len(w.accepted.young); n > Max || len(w.accepted.former) > Max {
		t.Errorf("%d are remembered", n)
	}
}
