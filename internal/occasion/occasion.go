// Package occasion answers one question: may this line be written now? Whoever
// is not let in must not fill the disk with being told so.
package occasion

import (
	"cmp"
	"sync"
	"time"
)

// Gate lets one line through a second. The zero value is ready, and safe for
// concurrent use.
type Gate struct {
	Every time.Duration // another time than a second; must not change

	mu     sync.Mutex
	last   time.Time
	silent int
}

// Now reports whether a line may be written, and how many were not since the
// one before.
func (g *Gate) Now() (silent int, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if now.Sub(g.last) < cmp.Or(g.Every, time.Second) {
		g.silent++
		return 0, false
	}
	silent, g.silent, g.last = g.silent, 0, now
	return silent, true
}
