package moderationtest

import (
	"context"
	"sync"
	"testing"
	"time"

	"usher/lobby"
	"usher/moderation"
)

// Standup is the room that a world with a lobby begins with.
const Standup = "standup@" + Conference

// Run runs tasks until stop is called, and wants none to fail.
func Run(t testing.TB, tasks ...func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for _, task := range tasks {
		all.Go(func() {
			if err := task(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	return func() {
		cancel()
		all.Wait()
	}
}

// Act connects the world to a Prosody, and has everything done there until stop is
// called.
func (w *World) Act(t testing.TB, r Prosody) (stop func()) {
	t.Helper()
	k, n := w.Connect(r)
	return Run(t, k.Run, n.Run)
}

// Moderator logs an account in with a token that makes it moderator of a room.
func (w *World) Moderator(t testing.TB, account, room string) {
	t.Helper()
	id := w.Identity(account, "token of "+account, room)
	id.Moderator = true
	w.Login(t, id)
}

// NewLobbyWorld makes a world that has a lobby in every room.
func NewLobbyWorld(t testing.TB, mode lobby.Mode) *World {
	t.Helper()
	rules, err := lobby.NewRules(mode, map[string]bool{"*": true})
	if err != nil {
		t.Fatal(err)
	}
	p, err := moderation.NewPolicy([]moderation.HostPolicy{
		{Host: Host, MUC: []string{Conference}, Guests: []string{"guest." + Host}, Lobby: rules}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return NewWorld(t, WorldOptions{Policy: p, Lobby: true})
}

// StartLobby makes a world that has a lobby in every room and whose clock goes on by
// itself. Everything is done in its rooms, and alice, a moderator, is in [Standup].
func StartLobby(t testing.TB, mode lobby.Mode, order Order) (w *World, m *MUC, stop func()) {
	t.Helper()
	w = NewLobbyWorld(t, mode)
	w.Began = time.Now()
	m = New(t, order, Delays{Reading: time.Millisecond}).Everywhere()
	stop = w.Act(t, m)
	w.Moderator(t, "alice", "standup")
	w.Joins(t, "alice@"+Host, Standup, moderation.ReasonToken)
	m.Room(Standup).JoinAs("alice@"+Host, moderation.RoleParticipant)
	return w, m, stop
}
