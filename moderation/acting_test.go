package moderation_test

import (
	"context"
	"sync"
	"testing"

	"usher/moderation"
)

// acting is all that acts in the rooms of a Prosody, and writes to people.
type acting struct {
	keeper   *moderation.Keeper
	notifier *moderation.Notifier
}

// connect gives a fixture a Prosody, in whose rooms nothing is done before run or Attend.
func (f *fixture) connect(r moderation.Prosody) *acting {
	return f.act(r)
}

// Attend has done in the rooms what is asked for, while no room is looked at otherwise.
func (a *acting) Attend(t testing.TB) {
	a.keeper.Attend(t)
	a.notifier.Attend(t)
}

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
