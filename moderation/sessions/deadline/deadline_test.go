package deadline_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"usher/moderation/sessions/deadline"
)

// TestDeadline: it ends for those that wait for it and for those that look, when its time is over and not with the
// context that it is made of; and it leaves no timer.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of, cancel := context.WithCancel(t.Context())
		d, unwatched := deadline.New(of, time.Second), deadline.New(of, time.Second)
		defer unwatched.Stop()
		cancel()
		start := time.Now()
		if d.Err() != nil {
			t.Error("it has ended with another")
		}
		child, stop := context.WithCancel(d)
		defer stop()
		<-child.Done()
		if took := time.Since(start); took != time.Second || !errors.Is(child.Err(), context.DeadlineExceeded) ||
			!errors.Is(d.Err(), context.DeadlineExceeded) || !errors.Is(unwatched.Err(), context.DeadlineExceeded) {
			t.Errorf("ended after %v with %v, %v and %v", took, child.Err(), d.Err(), unwatched.Err())
		}
		d.Stop()
	})
}
