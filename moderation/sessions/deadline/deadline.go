// Package deadline answers one question: how long may this take, where next to nothing waits for the answer?
//
// It starts no goroutine but the runtime's, of a timer that somebody waits for.
package deadline

import (
	"context"
	"sync"
	"time"
)

// A Deadline is a context that ends after a time, and not with the one that it is made of. It sets a timer only when
// something waits for it: that wakes the runtime's poller, which costs more than the write of a login does, and that
// write waits for nothing.
type Deadline struct {
	context.Context // for its values
	at              time.Time

	once  sync.Once
	done  chan struct{}
	timer *time.Timer // wants once
}

// New returns one that ends after a time, whatever becomes of ctx.
func New(ctx context.Context, within time.Duration) *Deadline {
	return &Deadline{Context: context.WithoutCancel(ctx), at: time.Now().Add(within)}
}

// Deadline implements [context.Context].
func (d *Deadline) Deadline() (time.Time, bool) { return d.at, true }

// Done implements [context.Context].
func (d *Deadline) Done() <-chan struct{} {
	d.once.Do(func() {
		d.done = make(chan struct{})
		d.timer = time.AfterFunc(time.Until(d.at), func() { close(d.done) })
	})
	return d.done
}

// Err implements [context.Context].
func (d *Deadline) Err() error {
	if time.Now().Before(d.at) {
		return nil
	}
	return context.DeadlineExceeded
}

// Stop ends the timer, if there is one. Nothing may wait any more.
func (d *Deadline) Stop() {
	d.once.Do(func() {})
	if d.timer != nil {
		d.timer.Stop()
	}
}
