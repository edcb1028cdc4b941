package httpd

import (
	"sync"
	"time"
)

// A flight counts the handlers that run.
type flight struct {
	mu      sync.Mutex
	running int
	over    bool
	landed  chan struct{} // closed when over and nobody runs
}

// begin reports whether a handler may run; then end must follow.
func (f *flight) begin() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return false
	}
	f.running++
	return true
}

func (f *flight) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running--; f.over && f.running == 0 {
		close(f.landed)
	}
}

// wait lets no handler begin any more, and returns when none runs, or with an
// error after the limit. It is called once.
func (f *flight) wait(limit time.Duration) error {
	f.mu.Lock()
	f.over, f.landed = true, make(chan struct{})
	if f.running == 0 {
		close(f.landed)
	}
	f.mu.Unlock()
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case <-f.landed:
		return nil
	case <-late.C:
		f.mu.Lock()
		defer f.mu.Unlock()
		return errStuck(f.running)
	}
}
