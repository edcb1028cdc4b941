package moderation

import (
	"context"
	"sync"
	"time"
)

const (
	birthWithin = 2 * time.Second  // from the question about a new room to that about its creator
	birthKept   = 30 * time.Second // how long one that came to nothing is remembered
	maxBirths   = 10_000

	// Prosody sends the question about another new room at the latest in the same
	// round of its loop as that about the creator of this one, but by another
	// connection: the latter may be read first.
	birthPause = 20 * time.Millisecond
)

// births notices rooms that Prosody makes twice. While it waits for the answer
// about a new room (mod_muc_http_defaults) the room is not there yet, so another
// first join makes another one of the same name, and whichever is ready last
// takes the other's place: who is in the other is alone there, unseen, and
// nobody can reach that room any more. Nothing tells which of them is left: so
// all their creators are refused, and when a client tries again it joins the one
// that is. The zero value is ready.
type births struct {
	mu            sync.Mutex
	young, former map[string]birth // former: those before the last turn, which come to an end
	turned        time.Time
}

type birth struct {
	n     int       // rooms that were asked about, and not yet their creators
	twice bool      // more than one at the same time
	at    time.Time // of the last question
}

// begin is told of each question about a new room. It reports whether the same
// was asked a while ago and nobody came in since: then the answer was not to
// Prosody's liking.
func (b *births) begin(room string, now time.Time) (failed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	old, there := b.get(room, now)
	if !there && len(b.young) >= maxBirths {
		return false
	}
	next := birth{1, false, now}
	if there && old.fresh(now) {
		next.n, next.twice = old.n+1, true
	}
	b.put(room, next)
	return there
}

func (v birth) fresh(now time.Time) bool { return now.Sub(v.at) < birthWithin }

// settle is told of each question about a join, and reports whether who joins now
// may be lost. For the creator of a room it takes birthPause.
func (b *births) settle(ctx context.Context, room string, now func() time.Time) (lost bool) {
	b.mu.Lock()
	v, there := b.get(room, now())
	b.mu.Unlock()
	if !there || !v.fresh(now()) {
		return there && b.join(room, now())
	}
	pause := time.NewTimer(birthPause)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
	}
	return b.join(room, now())
}

// join counts a join.
func (b *births) join(room string, now time.Time) (lost bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	old, there := b.get(room, now)
	if !there {
		return false
	}
	if old.n--; old.n <= 0 || !old.fresh(now) {
		delete(b.young, room)
		delete(b.former, room)
	} else {
		b.put(room, old)
	}
	return old.twice && old.fresh(now)
}

// get wants the lock. A creator whom somebody else refused is never asked for,
// so what is too old goes, all of it at a time.
func (b *births) get(room string, now time.Time) (birth, bool) {
	if now.Sub(b.turned) >= birthKept {
		b.young, b.former, b.turned = map[string]birth{}, b.young, now
	}
	v, there := b.young[room]
	if !there {
		v, there = b.former[room]
	}
	if !there || now.Sub(v.at) >= birthKept {
		return birth{}, false
	}
	return v, true
}

// put wants the lock.
func (b *births) put(room string, v birth) {
	delete(b.former, room)
	b.young[room] = v
}
