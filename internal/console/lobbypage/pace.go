package lobbypage

import (
	"context"
	"sync"
	"time"

	"usher/internal/bounded"
	"usher/internal/ratelimit"
	"usher/moderation/notify"
)

// How often an account may ask for a page, or decide: so many times at once, then one for each so long. Each time up to
// twenty rooms are asked, and Prosody answers one question after the other.
const (
	askedAtOnce = 30
	askedEvery  = 200 * time.Millisecond
	maxPaced    = 4096 // accounts
)

// A pace holds back who asks faster than that.
type pace struct {
	now  func() time.Time
	mu   sync.Mutex
	full bounded.Map[string, time.Time] // by account: from when on it may ask as often as any
}

func newPace(now func() time.Time) *pace {
	return &pace{now: now, full: bounded.Map[string, time.Time]{Most: maxPaced, Before: time.Time.Before}}
}

// may counts one question of an account, if it may ask now.
func (p *pace) may(account string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	full, _ := p.full.Get(account)
	next, may := ratelimit.Rate{Burst: askedAtOnce, Every: askedEvery}.Take(full, p.now())
	if may {
		p.full.Put(account, next)
	}
	return may
}

// lookups are what the open pages of the same moderator ask together.
type lookups struct {
	now func() time.Time
	mu  sync.Mutex
	by  map[lookupKey]*lookup
}

type lookupKey struct{ account, first string }

// A lookup is one answer for several streams.
type lookup struct {
	now     func() time.Time
	streams int           // that have joined; lookups.mu guards it
	turn    chan struct{} // is full while one of them asks; it guards the others
	at      time.Time
	rooms   []notify.OwnRoom
}

// join returns what one more stream asks by. Whoever joins leaves.
func (l *lookups) join(k lookupKey) (one *lookup, leave func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by == nil {
		l.by = map[lookupKey]*lookup{}
	}
	if one = l.by[k]; one == nil {
		one = &lookup{now: l.now, turn: make(chan struct{}, 1)}
		l.by[k] = one
	}
	one.streams++
	return one, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if one.streams--; one.streams == 0 {
			delete(l.by, k)
		}
	}
}

// ask asks, unless another stream did so a moment ago and was answered.
func (l *lookup) ask(ctx context.Context, ask func(context.Context) ([]notify.OwnRoom, error)) (
	[]notify.OwnRoom, error,
) {
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-l.turn }()
	if !l.at.IsZero() && l.now().Sub(l.at) < lookEvery/2 {
		return l.rooms, nil
	}
	rooms, err := ask(ctx)
	if l.at = (time.Time{}); err == nil {
		l.at, l.rooms = l.now(), rooms
	}
	return rooms, err
}
