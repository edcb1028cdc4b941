package sessions_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"usher/moderation"
	"usher/moderation/moderationtest"
)

func TestSessionEnds(t *testing.T) {
	f := newFixture(t, moderationtest.State{})
	f.Login(t, f.Identity("alice", "t1", "a"))
	endless := f.Identity("bob", "t2", "*")
	endless.Expires = time.Unix(98753496345768, 0)
	f.Login(t, endless)
	f.Login(t, f.Identity("carol", "t3", "*"))
	held := func(string, string) bool { return true }
	f.Joins(t, "alice@"+host, "a@"+conference, moderation.ReasonToken)
	f.Pass(time.Hour + leeway - 1)
	f.Joins(t, "alice@"+host, "a@"+conference, moderation.ReasonToken) // she could still log in
	f.Pass(1)
	f.Joins(t, "alice@"+host, "a@"+conference, moderation.ReasonSessionEnded) // at the end, before any sweep
	f.Sweep(t.Context())
	f.Joins(t, "alice@"+host, "a@"+conference, moderation.ReasonNoSession)
	if f.Exists(host, "alice", held) || !f.Exists(host, "bob", held) {
		t.Error("who exists")
	}
	for range 3 { // used again and again, it does not end
		f.Pass(20 * time.Hour)
		f.Sweep(t.Context())
		f.Joins(t, "bob@"+host, "x@"+conference, moderation.ReasonToken)
	}
	f.Pass(24 * time.Hour)
	f.Joins(t, "bob@"+host, "x@"+conference, moderation.ReasonSessionEnded)
	f.Keys["k1"] = true
	f.Login(t, f.Identity("dave", "t4", "*"))
	f.Joins(t, "dave@"+host, "x@"+conference, moderation.ReasonKeyRemoved)
}

// TestStateFails: a login that cannot be written is refused, soon; joins go on from memory.
func TestStateFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, moderationtest.State{})
		f.Login(t, f.Identity("alice", "t1", "*", "y"))
		f.Store.Fail(errors.New("disk full"))
		if f.Record(t.Context(), f.Identity("bob", "t2", "*")) == nil {
			t.Error("a login was allowed that nobody will remember")
		}
		f.Joins(t, "alice@"+host, "x@"+conference, moderation.ReasonToken)
		f.Joins(t, "bob@"+host, "x@"+conference, moderation.ReasonNoSession)
		if _, d := f.Create(t.Context(), "y@"+conference); d.Allowed {
			t.Error("a room began that cannot be remembered")
		}
		f.Store.Fail(nil)
		f.Store.Hang(true)
		began := time.Now()
		if f.Record(t.Context(), f.Identity("bob", "t2", "*")) == nil || time.Since(began) > 250*time.Millisecond {
			t.Errorf("a disk that hangs held a login for %v", time.Since(began))
		}
		if n, err := testutil.GatherAndCount(f.Metrics.Gatherer(), "usher_state_errors_total"); n == 0 || err != nil {
			t.Error("nothing is counted")
		}
	})
}

// TestBounds: names without end that strangers and one token's holder make up leave memory, series and state within
// bounds, here of a hundredth.
func TestBounds(t *testing.T) {
	const factor, fill, n = 100, 24_000, 12_000 // what has a bound is full by then
	f := newSmallFixture(t, moderationtest.State{}, factor)
	f.Login(t, f.Identity("alice", "t1", "*"))
	flood := func(from, to int) {
		for i := from; i < to; i++ {
			f.Pass(200 * time.Millisecond) // as fast as one token may log in
			room := fmt.Sprintf("room-%d-%s@%s", i, strings.Repeat("x", 40), conference)
			f.Joins(t, fmt.Sprintf("stranger%d@elsewhere", i), room, moderation.ReasonStranger)
			switch i % 4 {
			case 0:
				f.Create(t.Context(), room)
			case 1:
				f.Login(t, f.Identity("alice", "t1", "*"))
				f.Joins(t, "alice@"+host, room, moderation.ReasonToken)
			case 2:
				flood := f.Identity(fmt.Sprint("random", i), "t2", "*")
				flood.Random, flood.AccountClaim = true, ""
				f.Login(t, flood)
			case 3:
				f.Joins(t, fmt.Sprintf("g%d@guest.%s", i, host), room, moderation.ReasonNotStarted)
			}
		}
	}
	flood(0, fill)
	before := moderationtest.Heap()
	flood(fill, fill+n)
	if grown := moderationtest.Heap() - before; grown > 2<<20 {
		t.Errorf("%d more names took %d KiB", n, grown>>10)
	}
	if got := len(f.List()); got > 20_000/factor+1 {
		t.Errorf("%d sessions by one token that names no account", got)
	}
	for i := range n {
		f.Login(t, f.Identity(fmt.Sprint("user", i), fmt.Sprint("token", i), "*"))
	}
	if got := len(f.List()); got > 200_000/factor {
		t.Errorf("%d sessions", got)
	}
	if n, _ := testutil.GatherAndCount(f.Metrics.Gatherer(), "usher_joins_total"); n > 21 {
		t.Errorf("%d series of joins", n)
	}
}
