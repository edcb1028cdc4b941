package moderation_test

import (
	"context"
	"testing"

	"usher/moderation"
)

// acting is all that acts in the rooms of a Prosody.
type acting struct{ keeper *moderation.Keeper }

// connect gives a fixture a Prosody, in whose rooms nothing is done before run or Attend.
func (f *fixture) connect(r moderation.Prosody) *acting {
	a := &acting{f.keeper(r)}
	if f.lobby != nil {
		f.LobbyCommands = moderation.NewLobbyCommands(f.Sessions, f.lobby, a.keeper)
	}
	return a
}

// Attend has done in the rooms what is asked for, while no room is looked at otherwise.
func (a *acting) Attend(t testing.TB) { a.keeper.Attend(t) }

// run has everything done in the rooms, until it is told to stop.
func run(t *testing.T, a *acting) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- a.keeper.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
