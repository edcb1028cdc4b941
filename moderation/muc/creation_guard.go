package muc

import (
	"context"
	"sync"
	"time"
)

const (
	creationWithin = 2 * time.Second  // from the question about a new room to that about its creator
	creationKept   = 30 * time.Second // how long one that came to nothing is remembered
	maxCreations   = 10_000

	// Prosody sends the question about another new room at the latest in the same
	// round of its loop as that about the creator of this one, but by another
	// connection: the latter may be read first.
	creatorPause = 20 * time.Millisecond
)

// A creationGuard notices rooms that Prosody makes twice. While it waits for the answer
// about a new room (mod_muc_http_defaults) the room is not there yet, so another
// first join makes another one of the same name, and whichever is ready last
// takes the other's place: an occupant of the other is alone there, unseen, and
// that room cannot be reached any more. Nothing tells which of them is left: so
// all their creators are refused, and when a client tries again it joins the one
// that is. The zero value is ready.
type creationGuard struct {
	mu            sync.Mutex
	young, former map[string]creation // former: those before the last turn, which come to an end
	turned        time.Time
}

type creation struct {
	n     int       // rooms that were asked about, and not yet their creators
	twice bool      // more than one at the same time
	at    time.Time // of the last question
}

// begin is told of each question about a new room. It reports whether the same
// was asked a while ago and nobody came in since: then the answer was not to
// Prosody's liking.
func (g *creationGuard) begin(room string, now time.Time) (failed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	old, there := g.getLocked(room, now)
	if !there && len(g.young) >= maxCreations {
		return false
	}
	next := creation{1, false, now}
	if there && old.fresh(now) {
		next.n, next.twice = old.n+1, true
	}
	g.putLocked(room, next)
	return there
}

func (v creation) fresh(now time.Time) bool { return now.Sub(v.at) < creationWithin }

// asked is told of each question about a join, and reports whether the account may be
// lost that joins now. For the creator of a room it takes creatorPause.
func (g *creationGuard) asked(ctx context.Context, room string, now func() time.Time) (lost bool) {
	g.mu.Lock()
	v, there := g.getLocked(room, now())
	g.mu.Unlock()
	if !there || !v.fresh(now()) {
		return there && g.join(room, now())
	}
	pause := time.NewTimer(creatorPause)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
	}
	return g.join(room, now())
}

// join counts a join.
func (g *creationGuard) join(room string, now time.Time) (lost bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	old, there := g.getLocked(room, now)
	if !there {
		return false
	}
	if old.n--; old.n <= 0 || !old.fresh(now) {
		delete(g.young, room)
		delete(g.former, room)
	} else {
		g.putLocked(room, old)
	}
	return old.twice && old.fresh(now)
}

// getLocked wants the lock. A creator that was refused elsewhere is never asked for,
// so what is too old goes, all of it at a time.
func (g *creationGuard) getLocked(room string, now time.Time) (creation, bool) {
	if now.Sub(g.turned) >= creationKept {
		g.young, g.former, g.turned = map[string]creation{}, g.young, now
	}
	v, there := g.young[room]
	if !there {
		v, there = g.former[room]
	}
	if !there || now.Sub(v.at) >= creationKept {
		return creation{}, false
	}
	return v, true
}

// putLocked wants the lock.
func (g *creationGuard) putLocked(room string, v creation) {
	delete(g.former, room)
	g.young[room] = v
}
