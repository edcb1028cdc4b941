package sessions

import (
	"context"
	"sync"
	"time"
)

// A deadline is a context that ends after a time, and not with the one that it is made of. It sets a timer only when
// something waits for it: that wakes the runtime's poller, which costs more than the write of a login does, and that
// write waits for nothing.
type deadline struct {
	context.Context // for its values
	at              time.Time

	once  sync.Once
	done  chan struct{}
	timer *time.Timer // wants once
}

func newDeadline(ctx context.Context, within time.Duration) *deadline {
	return &deadline{Context: context.WithoutCancel(ctx), at: time.Now().Add(within)}
}

// Deadline implements [context.Context].
func (d *deadline) Deadline() (time.Time, bool) { return d.at, true }

// Done implements [context.Context].
func (d *deadline) Done() <-chan struct{} {
	d.once.Do(func() {
		d.done = make(chan struct{})
		d.timer = time.AfterFunc(time.Until(d.at), func() { close(d.done) })
	})
	return d.done
}

// Err implements [context.Context].
func (d *deadline) Err() error {
	if time.Now().Before(d.at) {
		return nil
	}
	return context.DeadlineExceeded
}

// stop ends the timer, if there is one. Nothing may wait any more.
func (d *deadline) stop() {
	d.once.Do(func() {})
	if d.timer != nil {
		d.timer.Stop()
	}
}
