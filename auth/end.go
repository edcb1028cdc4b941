package auth

import "time"

// MaxLeeway is the longest leeway that a configuration may set. What has to
// outlast a token whatever its host's leeway becomes is measured by it.
const MaxLeeway = 5 * time.Minute

// End returns when a token is over: at its exp and the leeway of its host after
// that. It is zero for a token without exp. It is the only place that says so:
// logins, sessions, tickets, resumption and the ends of revocations use it, so
// that none of them outlives another.
func End(expires time.Time, leeway time.Duration) time.Time {
	if expires.IsZero() {
		return time.Time{}
	}
	return expires.Add(leeway)
}

// Over reports whether the end of a token ([End]) has come. The boundary is
// exact: at its end a token is over.
func Over(end, now time.Time) bool { return !end.IsZero() && !now.Before(end) }

// plausible returns a token's iat, or the zero time for one that is absent, or
// lies ahead of the clock by more than the leeway: in milliseconds, say.
func plausible(issued, now time.Time, leeway time.Duration) time.Time {
	if issued.After(now.Add(leeway)) {
		return time.Time{}
	}
	return issued
}
