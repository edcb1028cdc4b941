package kidqueue

import (
	"fmt"
	"testing"
	"time"
)

func TestEachWaitsOnce(t *testing.T) {
	q := New()
	for range 3 {
		q.Add("a", time.Now())
		q.Add("b", time.Now())
	}
	got := map[string]bool{}
	for range 2 {
		got[q.Pop()] = true
	}
	if q.Len() != 0 || !got["a"] || !got["b"] {
		t.Errorf("%v, and %d more", got, q.Len())
	}
}

// TestBounds: however many kids are invented, as many wait, and no other memory
// grows.
func TestBounds(t *testing.T) {
	q := New()
	now := time.Now()
	for i := range 20 * Max {
		q.Add(fmt.Sprint(i), now)
		q.Prefer(fmt.Sprint(i))
	}
	if q.Len() != Max || len(q.prefers) > maxPrefers {
		t.Errorf("%d wait, %d are preferred", q.Len(), len(q.prefers))
	}
	for range Max {
		q.Pop()
	}
	if q.Len() != 0 || q.counts != nil {
		t.Errorf("%d wait; the counts are kept: %v", q.Len(), q.counts != nil)
	}
}

func TestPreferredComesFirst(t *testing.T) {
	q := New()
	now := time.Now()
	q.Prefer("known")
	for i := range Max - 1 {
		q.Add(fmt.Sprint(i), now)
	}
	q.Add("known", now)
	if got := q.Pop(); got != "known" {
		t.Errorf("%q came first", got)
	}
}

// TestAskedForOftenIsNotPushedOut: a kid that users ask for again and again waits
// through a crowd of kids that are asked for once.
func TestAskedForOftenIsNotPushedOut(t *testing.T) {
	q := New()
	now := time.Now()
	for i := range 50 * Max {
		q.Add(fmt.Sprint(i), now)
		if i%Max == 0 {
			q.Add("real", now)
		}
	}
	if q.kids["real"] == nil {
		t.Fatal("pushed out")
	}
	for range 2 * ranks {
		if q.Pop() == "real" {
			return
		}
	}
	t.Error("its rank had its turn, and it was not taken")
}

// TestCounts never count too little, and forget.
func TestCounts(t *testing.T) {
	now := time.Now()
	c := newCounts(now)
	for n := 1; n <= 300; n++ {
		got := c.add(7, now)
		if least := min(n, 255); got < least {
			t.Fatalf("counted %d of %d", got, n)
		}
	}
	if got := c.add(7, now.Add(3*countsRemain)); got < 1 {
		t.Errorf("counted %d", got)
	}
	if got := c.add(7, now.Add(6*countsRemain)); got > 2 {
		t.Errorf("counted %d of what was long ago", got)
	}
}
