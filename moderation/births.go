package moderation

import (
	"sync"
	"time"
)

const (
	birthWithin = 2 * time.Second // from the question about a new room to that about its creator
	maxBirths   = 10_000
)

// births notices rooms that Prosody makes twice. While it waits for the answer
// about a new room (mod_muc_http_defaults) the room is not there yet, so another
// first join makes another one of the same name, and whichever is ready last
// takes the other's place: who is in the other is alone there, unseen, and
// nobody can reach that room any more. The questions about all of them are here
// before the first creator's join is asked for, and nothing tells which room is
// left: so all their creators are refused, and when a client tries again it
// joins the one that is. The zero value is ready.
type births struct {
	mu      sync.Mutex
	pending map[string]birth
}

type birth struct {
	n     int       // rooms that were asked about, and not yet their creators
	twice bool      // more than one at the same time
	at    time.Time // of the last question
}

// begin is told of each question about a new room.
func (b *births) begin(room string, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.pending) >= maxBirths {
		b.expire(now)
	}
	switch old, there := b.pending[room]; {
	case there && now.Sub(old.at) < birthWithin:
		b.pending[room] = birth{old.n + 1, true, now}
	case there || len(b.pending) < maxBirths:
		if b.pending == nil {
			b.pending = map[string]birth{}
		}
		b.pending[room] = birth{1, false, now}
	}
}

// join is told of each question about a join, and reports whether who joins now
// may be lost.
func (b *births) join(room string, now time.Time) (lost bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	old, there := b.pending[room]
	if !there {
		return false
	}
	over := now.Sub(old.at) >= birthWithin
	if old.n--; old.n == 0 || over {
		delete(b.pending, room)
	} else {
		b.pending[room] = old
	}
	return old.twice && !over
}

// expire wants the lock. A creator whom somebody else refused is not asked for.
func (b *births) expire(now time.Time) {
	for room, old := range b.pending {
		if now.Sub(old.at) >= birthWithin {
			delete(b.pending, room)
		}
	}
}
