package auth

import (
	"math/rand/v2"
	"time"
)

const (
	minBackoff = 5 * time.Second
	maxBackoff = 5 * time.Minute
)

// jitter spreads d by a tenth to both sides, so that the servers of one
// operator do not ask all at once.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.9 + 0.2*rand.Float64()))
}

// A backoff waits longer after each failure. The zero value begins anew.
type backoff struct{ wait time.Duration }

func (b *backoff) next() time.Duration {
	b.wait = min(max(2*b.wait, minBackoff), maxBackoff)
	return jitter(b.wait)
}

func (b *backoff) reset() { b.wait = 0 }

// A bucket allows burst fetches at once and then one for each pause: what
// strangers can cause. It keeps only the time when it is full again (GCRA).
type bucket struct {
	burst int
	pause time.Duration
	full  time.Time
}

// ready returns when the next fetch is allowed.
func (b *bucket) ready() time.Time {
	return b.full.Add(-time.Duration(b.burst-1) * b.pause)
}

// take uses up one fetch.
func (b *bucket) take(now time.Time) {
	if b.full.Before(now) {
		b.full = now
	}
	b.full = b.full.Add(b.pause)
}
