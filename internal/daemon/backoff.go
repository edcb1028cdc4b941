package daemon

import "time"

// The waits before a reload that was refused for a passing reason is tried again:
// twice as long each time.
const (
	firstRetry = 250 * time.Millisecond
	lastRetry  = 30 * time.Second
)

// A backoff says when something is tried again. The zero value is never.
type backoff struct {
	timer *time.Timer // nil: never
	tries int         // that were made
}

// due returns a channel that has a value when it is time.
func (b *backoff) due() <-chan time.Time {
	if b.timer == nil {
		return nil
	}
	return b.timer.C
}

// again has it tried once more, and returns when.
func (b *backoff) again() time.Time {
	wait := lastRetry
	if b.tries < 10 { // no shift is too far
		wait = min(firstRetry<<b.tries, lastRetry)
	}
	b.tries++
	b.timer = time.NewTimer(wait)
	return time.Now().Add(wait)
}

// stop forgets what there was to try.
func (b *backoff) stop() {
	if b.timer != nil {
		b.timer.Stop()
	}
	*b = backoff{}
}
