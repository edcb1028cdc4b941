package reconcile_test

import (
	"context"
	"sync"
	"testing"

	"usher/moderation/moderationtest"
	"usher/moderation/notify"
	"usher/moderation/reconcile"
)

// acting is all that acts in the rooms of a Prosody, and writes to people.
type acting struct {
	keeper   *reconcile.Reconciler
	notifier *notify.Notifier
}

// connect gives a fixture a Prosody, in whose rooms nothing is done before run or Attend.
func (f *fixture) connect(r moderationtest.Prosody) *acting {
	k, n := f.Connect(r)
	return &acting{k, n}
}

// Attend has done in the rooms what is asked for, while no room is looked at otherwise.
func (a *acting) Attend(t testing.TB) { a.keeper.Attend(t) }

// run has everything done in the rooms, until it is told to stop.
func run(t *testing.T, a *acting) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	var both sync.WaitGroup
	both.Go(func() { _ = a.notifier.Run(ctx) })
	go func() {
		err := a.keeper.Run(ctx)
		both.Wait()
		ended <- err
	}()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
