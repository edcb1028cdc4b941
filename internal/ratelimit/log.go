package ratelimit

import (
	"cmp"
	"sync"
	"time"
)

// A Log lets one line a second through. It is the Sometimes of
// golang.org/x/time/rate, and tells how many lines were left out. The zero value
// is ready, and safe for concurrent use.
type Log struct {
	Every time.Duration // another time than a second; must not change

	mu     sync.Mutex
	last   time.Time
	silent int
}

// Allow reports whether a line may be written, and how many were not since the
// one before.
func (l *Log) Allow() (silent int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if now.Sub(l.last) < cmp.Or(l.Every, time.Second) {
		l.silent++
		return 0, false
	}
	silent, l.silent, l.last = l.silent, 0, now
	return silent, true
}
