package ratelimit_test

import (
	"testing"
	"time"

	"usher/internal/ratelimit"
)

// TestRate: all at once, then one after each pause, and all at once again later.
func TestRate(t *testing.T) {
	r := ratelimit.Rate{Burst: 3, Every: time.Minute}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var full time.Time
	for i, step := range []struct {
		after time.Duration
		want  bool
	}{
		{0, true}, {0, true}, {0, true}, {0, false},
		{59 * time.Second, false}, {time.Minute, true}, {time.Minute, false},
		{150 * time.Second, true}, {150 * time.Second, false},
		{time.Hour, true}, {time.Hour, true}, {time.Hour, true}, {time.Hour, false},
		{-time.Hour, true}, // the clock was set back
	} {
		now := start.Add(step.after)
		ready := !now.Before(r.Ready(full))
		next, ok := r.Take(full, now)
		if full = next; ok != step.want || ready != ok && step.after >= 0 {
			t.Errorf("step %d, after %v: %v, ready %v", i+1, step.after, ok, ready)
		}
	}
}

// TestRateOverTime: however often it is tried, no more than one comes for each pause.
func TestRateOverTime(t *testing.T) {
	r := ratelimit.Rate{Burst: 5, Every: time.Second}
	var full time.Time
	now, n := time.Unix(1_800_000_000, 0), 0
	for range 60 * 100 {
		var ok bool
		if full, ok = r.Take(full, now); ok {
			n++
		}
		now = now.Add(10 * time.Millisecond)
	}
	if n != 5+59 {
		t.Errorf("%d in a minute", n)
	}
}

func TestRateAllocatesNothing(t *testing.T) {
	r, full := ratelimit.Rate{Burst: 5, Every: time.Second}, time.Time{}
	if n := testing.AllocsPerRun(100, func() { full, _ = r.Take(full, time.Now()) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
