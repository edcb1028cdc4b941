package redis

import "time"

// A pace says when to try again: the more slowly, the longer the engine has been away, between two bounds. It is a
// hundredth of a second after six seconds, a tenth after a minute, and a second after ten minutes: a failover is over
// soon, and a thousand nodes do not storm an engine that has been away for an hour. The zero value is that of no
// failure.
type pace struct{ since, next time.Time }

const (
	soonest = 10 * time.Millisecond
	latest  = time.Second
	part    = 600 // of the time that it has been away
)

func (p *pace) failed(now time.Time) {
	if p.since.IsZero() {
		p.since = now
	}
	p.next = now.Add(min(max(now.Sub(p.since)/part, soonest), latest))
}

func (p *pace) succeeded() { *p = pace{} }

// wait returns how long to wait at a moment.
func (p *pace) wait(now time.Time) time.Duration { return max(0, p.next.Sub(now)) }
