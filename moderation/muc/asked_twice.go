package muc

import (
	"sync"
	"time"

	"usher/internal/bounded"
)

const (
	mostGoingOn = 10_000
	goingOnFor  = time.Minute // Prosody asks when it handles the presence, at once but for a queue of its own
)

// goingOn are the joins that the gateway has counted and let go on to Prosody. A Prosody
// that asks by HTTP as well asks about the same joins.
type goingOn struct {
	mu    sync.Mutex
	until bounded.Map[goingJoin, time.Time]
}

type goingJoin struct{ user, room string }

func newGoingOn() *goingOn {
	return &goingOn{until: bounded.Map[goingJoin, time.Time]{Most: mostGoingOn, Before: time.Time.Before}}
}

func (g *goingOn) add(user, room string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.until.Put(goingJoin{user, room}, now.Add(goingOnFor))
}

// take reports whether a join is one of them, once.
func (g *goingOn) take(user, room string, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	k := goingJoin{user, room}
	until, there := g.until.Get(k)
	g.until.Delete(k)
	return there && now.Before(until)
}
