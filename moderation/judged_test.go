package moderation_test

import (
	"testing"
	"time"

	"usher/moderation"
)

// TestJudgedEnds: a session that was viewed ends by when it had been used then, not by what changes beside it.
func TestJudgedEnds(t *testing.T) {
	now := time.Now()
	within := moderation.Times{Idle: time.Hour}
	for _, used := range []time.Duration{-2 * time.Hour, 0} {
		g := &moderation.Session{Used: now.Add(-2*time.Hour - used)}
		viewed := moderation.Judged{Session: g, Used: now.Add(used)}
		if got := viewed.Ended(now, within); got != (used != 0) {
			t.Errorf("viewed as used %v from now: ended %v", used, got)
		}
		if got := g.Ended(now, within); got == (used != 0) {
			t.Errorf("the session itself, used otherwise: ended %v", got)
		}
	}
}
