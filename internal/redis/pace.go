package redis

import "time"

// A pace says when to try again: a hundredth of the time since the first failure after the last, between the two
// bounds. So whoever was away for seconds is found within a tenth of one, and a thousand nodes do not storm an engine
// that has been away for an hour. The zero value is that of no failure.
type pace struct{ since, next time.Time }

const (
	soonest = 10 * time.Millisecond
	latest  = time.Second
)

func (p *pace) failed(now time.Time) {
	if p.since.IsZero() {
		p.since = now
	}
	p.next = now.Add(min(max(now.Sub(p.since)/100, soonest), latest))
}

func (p *pace) succeeded() { *p = pace{} }

// wait returns how long to wait at a moment.
func (p *pace) wait(now time.Time) time.Duration { return max(0, p.next.Sub(now)) }
