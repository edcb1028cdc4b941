package moderation

import (
	"time"

	"usher/auth"
)

// Times are what the ends of a host's sessions depend on.
type Times struct{ Leeway, Idle time.Duration }

// A Lifetime is what decides for how long a session counts: its time, and the key that signed its token.
type Lifetime struct {
	Host, Issuer, KeyPrint string
	Anonymous              bool
	Expires, Used          time.Time
}

// Lifetime returns that of the session, by its last use.
func (g *Session) Lifetime() Lifetime { return g.lifetime(g.Used) }

func (g *Session) lifetime(used time.Time) Lifetime {
	return Lifetime{g.Host, g.Issuer, g.KeyPrint, g.Anonymous, g.Expires, used}
}

// lifetime is [Session.Lifetime] of a session as it was viewed: its Used may be changing now.
func (g Judged) lifetime() Lifetime { return g.Session.lifetime(g.Used) }

// Ended reports whether the session's time is over: with its token, and one of a
// token that is good for longer than anybody lives when it is not used.
func (g *Session) Ended(now time.Time, t Times) bool { return g.Lifetime().Ended(now, t) }

// Ended is [Session.Ended] of a session as it was viewed: its Used may be changing now.
func (g Judged) Ended(now time.Time, t Times) bool { return g.lifetime().Ended(now, t) }

// Ended reports whether the time is over, as [Session.Ended] says.
func (l Lifetime) Ended(now time.Time, t Times) bool {
	if auth.Over(auth.End(l.Expires, t.Leeway), now) {
		return true
	}
	return l.Endless(now) && !now.Before(l.Used.Add(t.Idle))
}

// Due is when Ended says yes at the earliest, if the session is not used before, as it looks at a moment.
func (l Lifetime) Due(now time.Time, t Times) time.Time {
	if l.Endless(now) {
		return l.Used.Add(t.Idle)
	}
	return auth.End(l.Expires, t.Leeway)
}

// Endless reports whether the token's end is none: exp is absent, or beyond
// the year that follows (98753496345768 in the how-to of Jitsi's operators).
func (l Lifetime) Endless(now time.Time) bool {
	return l.Expires.IsZero() || l.Expires.Sub(now) > 366*24*time.Hour
}
