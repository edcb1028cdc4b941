package ratelimit

import "time"

// A Rate allows Burst events at once, and then one for each Every. Of each thing
// that it holds back, one time is kept: when it may have its whole Burst again (the
// generic cell rate algorithm). That is a fifth of a limiter of
// golang.org/x/time/rate.
type Rate struct {
	Burst int
	Every time.Duration
}

// Ready returns from when on one more event is allowed.
func (r Rate) Ready(full time.Time) time.Time {
	return full.Add(-time.Duration(r.Burst-1) * r.Every)
}

// Take counts one event, if it is allowed now: it returns the time to keep, and
// whether it was. A time further ahead than the rate can have made it means that
// the clock was set back, and holds nothing back.
func (r Rate) Take(full, now time.Time) (time.Time, bool) {
	ahead := max(0, full.Sub(now))
	switch whole := time.Duration(r.Burst) * r.Every; {
	case ahead > whole:
		ahead = 0
	case ahead+r.Every > whole:
		return full, false
	}
	return now.Add(ahead + r.Every), true
}
