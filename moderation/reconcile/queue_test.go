package reconcile

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// takeAll takes what is due, and returns the jobs and when to come back.
func takeAll(q *queue) (jobs []*job, wait time.Duration) {
	for {
		j, wait := q.take()
		if j == nil {
			return jobs, wait
		}
		jobs = append(jobs, j)
	}
}

// scanned says by a look at every item what [queue.take] finds in its heap.
func scanned(q *queue) (ready map[string]bool, wait time.Duration) {
	ready, wait = map[string]bool{}, -1
	now := time.Now()
	for room, it := range q.items {
		at := it.due
		switch {
		case it.running:
			continue
		case it.due.IsZero(), it.cooldown.After(at) && !it.urgent:
			at = it.cooldown
		}
		switch left := at.Sub(now); {
		case left <= 0 && !it.due.IsZero():
			ready[room] = true
		case left > 0 && (wait < 0 || left < wait):
			wait = left
		}
	}
	return ready, wait
}

// TestQueueIsAScan: whatever is added and done, in whatever order, the queue hands out what a look at every item finds.
func TestQueueIsAScan(t *testing.T) {
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			random, q, running := rand.New(rand.NewPCG(seed, 1)), newQueue(), []*job{}
			for range 300 {
				room, jid := fmt.Sprint("room", random.IntN(8)), fmt.Sprint("jid", random.IntN(5))
				switch random.IntN(8) {
				case 0, 1:
					q.add(room, jid, time.Duration(random.IntN(2000))*time.Millisecond)
				case 2:
					q.addUrgent(room, jid)
				case 3:
					q.addAll([]string{room, "room7", "room0"})
				case 4, 5:
					time.Sleep(time.Duration(random.IntN(3000)) * time.Millisecond)
				default:
					if len(running) == 0 {
						continue
					}
					i := random.IntN(len(running))
					q.done(running[i], outcome{took: time.Duration(random.IntN(900)) * time.Millisecond, gone: random.IntN(9) == 0,
						trouble: random.IntN(5) == 0, again: map[string]bool{jid: true}, strict: random.IntN(9) == 0})
					running = append(running[:i], running[i+1:]...)
				}
				ready, wait := scanned(q)
				jobs, got := takeAll(q)
				for _, j := range jobs {
					if !ready[j.room] {
						t.Fatalf("seed %d: %s is not due", seed, j.room)
					}
				}
				running = append(running, jobs...)
				if full := len(running) == workers; len(running) > workers || !full && (len(jobs) != len(ready) || got != wait) {
					t.Fatalf("seed %d: %d jobs of %d, %d running, back in %v, want %v", seed, len(jobs), len(ready), len(running), got, wait)
				}
			}
			q.check(t, running)
		})
	}
}

// check compares what the queue counts with what there is.
func (q *queue) check(t *testing.T, running []*job) {
	t.Helper()
	accounts := 0
	for _, it := range q.items {
		accounts += len(it.tries)
	}
	for _, j := range running {
		accounts += len(j.tries)
	}
	if q.accounts != accounts || len(q.schedule)+len(running) != len(q.items) {
		t.Errorf("%d accounts of %d; %d scheduled and %d running of %d", q.accounts, accounts, len(q.schedule), len(running), len(q.items))
	}
}

// TestQueueWakes: the queue says so when something is due sooner than it said, and when a worker is free; otherwise it is
// silent.
func TestQueueWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		woken := func() bool {
			select {
			case <-q.changed:
				return true
			default:
				return false
			}
		}
		for i, row := range []struct {
			do   func()
			want bool
		}{
			{func() { q.add("a", "x", time.Minute) }, true},
			{func() { q.add("b", "x", time.Hour) }, false},
			{func() { q.add("c", "x", time.Second) }, true},
			{func() { q.add("b", "y", time.Hour) }, false},
			{func() { q.addUrgent("b", "y") }, true},
		} {
			if row.do(); woken() != row.want {
				t.Errorf("step %d: woken %v", i, !row.want)
			}
		}
		j, _ := q.take()
		if j == nil || j.room != "b" || woken() {
			t.Fatalf("%+v", j)
		}
		if q.done(j, outcome{took: time.Second}); !woken() {
			t.Error("a free worker is not told")
		}
	})
}

// TestQueueUrgent: what is urgent does not wait for the cooldown of its room, but for the run that is under way.
func TestQueueUrgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.add("hall", "x", 0)
		j, _ := q.take()
		q.addUrgent("hall", "y")
		if again, _ := q.take(); again != nil {
			t.Fatal("two runs over one room")
		}
		q.done(j, outcome{took: time.Second})
		if j, _ = q.take(); j == nil || len(j.tries) != 1 {
			t.Fatalf("%+v", j)
		}
		q.done(j, outcome{took: time.Second})
		q.add("hall", "z", 0)
		if again, wait := q.take(); again != nil || wait != maxCooldown {
			t.Errorf("%+v, %v", again, wait)
		}
		q.addUrgent("hall", "z")
		if j, _ = q.take(); j == nil {
			t.Error("the cooldown was waited for")
		}
	})
}

// TestQueueBounds: more rooms and accounts than there are places for leave the queue bounded; a room whose accounts find
// none is reconciled for everybody.
func TestQueueBounds(t *testing.T) {
	q := newQueue()
	for i := range maxAccounts + 100 {
		q.add("hall", fmt.Sprint(i), time.Hour)
	}
	if it := q.items["hall"]; len(it.tries) != maxAccounts || it.everyone != 1 {
		t.Errorf("%d accounts, everyone: %d", len(it.tries), it.everyone)
	}
	for i := range maxItems + 100 {
		q.add(fmt.Sprint(i), "x", time.Hour)
	}
	if len(q.items) != maxItems {
		t.Errorf("%d rooms", len(q.items))
	}
	q.check(t, nil)
}

// BenchmarkQueue adds to, and takes from, a queue in which many rooms wait.
func BenchmarkQueue(b *testing.B) {
	for _, rooms := range []int{100, maxItems - 1} {
		b.Run(fmt.Sprint(rooms), func(b *testing.B) {
			q := newQueue()
			for i := range rooms {
				q.add(fmt.Sprint("room", i), "x", time.Hour)
			}
			b.ReportAllocs()
			for b.Loop() {
				q.add("hall", "x", 0)
				if j, _ := q.take(); j != nil {
					q.done(j, outcome{})
				}
			}
		})
	}
}
