package moderation_test

import (
	"context"

	"usher/auth"
	"usher/moderation"
)

// act makes all that acts in the fixture's rooms, which is told of all that the fixture's sessions touch from then on.
func (f *fixture) act(r prosody) *acting {
	k := moderation.NewKeeper(moderation.KeeperOptions{Sessions: f.Sessions, Rooms: r, Lobby: f.lobby, Unasked: f.Sessions.Book(), Metrics: f.metrics,
		Now: f.now})
	n := moderation.NewNotifier(moderation.NotifierOptions{Sessions: f.Sessions, Lobby: f.lobby, Rooms: r, Messenger: r, Metrics: f.metrics})
	if f.lobby != nil {
		f.LobbyCommands = moderation.NewLobbyCommands(moderation.CommandOptions{Sessions: f.Sessions, Lobby: f.lobby, Rooms: k, Notifier: n})
	}
	f.Service = moderation.NewService(moderation.ServiceOptions{Sessions: f.Sessions, Rooms: r, Reconciler: k, Notifier: n})
	f.touch = k.Touch
	return &acting{k, n}
}

type prosody = moderation.Prosody

func (f *fixture) touched(t moderation.Touched) {
	if f.touch != nil {
		f.touch(t)
	}
}

// Record is [auth.Sessions] Record, as the daemon has it.
func (f *fixture) Record(ctx context.Context, id auth.Identity) error {
	t, err := f.Sessions.Record(ctx, id)
	f.touched(t)
	return err
}

func (f *fixture) Revoke(ctx context.Context, target moderation.Target, all bool) (moderation.Revoked, error) {
	out, t, err := f.Sessions.Revoke(ctx, target, all)
	f.touched(t)
	return out, err
}

func (f *fixture) Sweep(ctx context.Context) { f.touched(f.Sessions.Sweep(ctx)) }

func (f *fixture) Reload(ctx context.Context, p *moderation.Policy) {
	f.touched(f.Sessions.Reload(ctx, p))
}

func (f *fixture) ListChanged(jid string) { f.touched(f.Sessions.ListChanged(jid)) }

func (f *fixture) Run(ctx context.Context) error { return f.Sessions.Run(ctx, f.touched) }

// service makes a service of the fixture's sessions without a component.
func (f *fixture) service() {
	f.Service = moderation.NewService(moderation.ServiceOptions{Sessions: f.Sessions})
}
