package keys

import (
	"math/rand/v2"
	"time"

	"usher/internal/ratelimit"
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

// A pace bounds the fetches that strangers can cause.
type pace struct {
	ratelimit.Rate
	full time.Time // what the rate keeps
}

// ready returns when the next fetch is allowed.
func (p *pace) ready() time.Time { return p.Ready(p.full) }

// take uses up one fetch.
func (p *pace) take(now time.Time) { p.full, _ = p.Take(p.full, now) }
