package moderationtest

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"usher/auth"
	"usher/internal/memory"
	"usher/lobby"
	"usher/metrics"
	"usher/moderation"
	"usher/moderation/muc"
	"usher/moderation/notify"
	"usher/moderation/reconcile"
	"usher/moderation/sessions"
	"usher/moderation/unasked"
)

// The host of a [World], its MUC component and its leeway.
const (
	Host       = "meet.example.com"
	Conference = "conference.meet.example.com"
	Leeway     = 10 * time.Second
)

// A World is all of moderation, tied as the daemon ties it, with a clock of the test's
// own.
type World struct {
	*sessions.Sessions
	*muc.Service
	*notify.LobbyCommands // nil without a lobby
	Lobby                 *lobby.Lobby
	Asked                 *unasked.Reporter
	Store                 *Recorder
	Metrics               *metrics.Metrics
	Keys                  map[string]bool // removed
	Began                 time.Time       // if it is not zero the clock goes on from then, with the time of the bubble

	Streams reconcile.Streams // of the next [World.Connect]; nil: none
	Link    notify.Link       // may be set later; nil: there are no links

	Clients func(account string) []string // of an account, as a relay knows them; may be set later; nil: it knows none

	touch func(sessions.Touched)
	mu    sync.Mutex
	clock time.Time
}

// WorldOptions are what is special about a [World].
type WorldOptions struct {
	State   State
	Policy  *moderation.Policy // nil: of one host with guests and a service account
	Lobby   bool               // there is one
	Node    string             // its name among several; empty: it is alone
	Smaller int                // a factor by which the bounds are smaller
	Log     *slog.Logger

	Store    *Recorder // nil: of State
	Unloaded bool      // what the store keeps is for the test to load
}

// NewWorld makes a world in which there are no rooms.
func NewWorld(t testing.TB, o WorldOptions) *World {
	t.Helper()
	if o.Store == nil {
		o.Store = &Recorder{Store: memory.New(), State: o.State}
	}
	w := &World{Store: o.Store, Metrics: metrics.New(""),
		clock: time.Unix(1_800_000_000, 0), Keys: map[string]bool{}}
	w.Restart(t, o)
	return w
}

// Restart makes everything anew but the store, the metrics and the clock.
func (w *World) Restart(t testing.TB, o WorldOptions) {
	t.Helper()
	var err error
	if o.Policy == nil {
		o.Policy = w.Policy(t, moderation.HostPolicy{Host: Host, MUC: []string{Conference},
			Guests:          []string{"guest." + Host},
			ServiceAccounts: []string{"focus@auth." + Host}, Leeway: Leeway, Prefixes: map[string]string{"my-app": ""}})
	}
	if o.Lobby {
		w.Lobby = lobby.New(w.Store, lobby.Options{Metrics: w.Metrics, Now: w.Now})
		if err := w.Lobby.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	limits, seen := sessions.UsualLimits(), unasked.UsualLimits()
	if o.Smaller > 1 {
		limits = limits.Divided(o.Smaller)
		seen.Rooms, seen.Accounts = seen.Rooms/o.Smaller, seen.Accounts/o.Smaller
	}
	options := sessions.Options{Log: o.Log, Metrics: w.Metrics, Now: w.Now, Lobby: w.Lobby, Node: o.Node,
		Limits: limits}
	if w.Sessions, err = sessions.New(t.Context(), w.Store, o.Policy, options); err != nil {
		t.Fatal(err)
	}
	if !o.Unloaded {
		if err := w.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.Asked = unasked.NewReporter(unasked.Options{Limits: seen, Policy: w.Sessions.Policy,
		Log: o.Log, Metrics: w.Metrics})
	w.Service = muc.New(muc.Options{Sessions: w.Sessions, Lobby: w.Lobby, Unasked: w.Asked, Metrics: w.Metrics,
		Now: w.Now})
	w.touch = func(sessions.Touched) {}
	if o.Lobby {
		w.LobbyCommands = notify.NewLobbyCommands(notify.CommandOptions{Sessions: w.Sessions, Lobby: w.Lobby})
	}
}

// Policy makes a policy by which the keys of the world count.
func (w *World) Policy(t testing.TB, hosts ...moderation.HostPolicy) *moderation.Policy {
	t.Helper()
	p, err := moderation.NewPolicy(hosts, func(_, _, print string) bool { return !w.Keys[print] })
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Prosody is all that a world asks of one.
type Prosody interface {
	reconcile.Rooms
	muc.Rooms
	notify.Occupants
	notify.Messenger
}

func (w *World) link(account, room string) (link string, page bool) {
	if w.Link == nil {
		return "", false
	}
	return w.Link(account, room)
}

func (w *World) clients(account string) []string {
	if w.Clients == nil {
		return nil
	}
	return w.Clients(account)
}

// Connect gives the world a Prosody, in whose rooms nothing is done before the reconciler
// and the notifier run.
func (w *World) Connect(r Prosody) (*reconcile.Reconciler, *notify.Notifier) {
	k := reconcile.New(reconcile.Options{Sessions: w.Sessions, Rooms: r, Lobby: w.Lobby, Unasked: w.Asked,
		Streams: w.Streams, Metrics: w.Metrics, Now: w.Now})
	n := notify.New(notify.Options{Sessions: w.Sessions, Lobby: w.Lobby, Rooms: r, Messenger: r, Link: w.link,
		Clients: w.clients, Metrics: w.Metrics})
	if w.Lobby != nil {
		w.LobbyCommands = notify.NewLobbyCommands(notify.CommandOptions{Sessions: w.Sessions, Lobby: w.Lobby,
			Reconciler: k,
			Notifier:   n})
	}
	w.Service = muc.New(muc.Options{Sessions: w.Sessions, Lobby: w.Lobby, Unasked: w.Asked,
		Metrics: w.Metrics, Now: w.Now,
		Rooms: r, Reconciler: k, Notifier: n})
	w.touch = k.Touch
	return k, n
}

// Now is what the world's clock says.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.Began.IsZero() {
		return w.clock.Add(time.Since(w.Began))
	}
	return w.clock
}

// Pass sets the clock forward.
func (w *World) Pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

// Record is [auth.Sessions] Record, as the daemon has it.
func (w *World) Record(ctx context.Context, id auth.Identity) error {
	t, err := w.Sessions.Record(ctx, id)
	w.touch(t)
	return err
}

// Revoke is [sessions.Revocations.Revoke], as the daemon has it.
func (w *World) Revoke(ctx context.Context, target sessions.Target, all bool) (sessions.Revoked, error) {
	out, t, err := w.Revocations().Revoke(ctx, target, all)
	w.touch(t)
	return out, err
}

// Sweep ends what has ended.
func (w *World) Sweep(ctx context.Context) { w.touch(w.Sessions.Sweep(ctx)) }

// Reload puts another policy in force.
func (w *World) Reload(ctx context.Context, p *moderation.Policy) {
	w.SetPolicy(p)
	w.touch(w.Enforce(ctx))
}

// Run runs the sessions.
func (w *World) Run(ctx context.Context) error { return w.Sessions.Run(ctx, w.touch) }

// Identity is a login with a token that is told from others by its name.
func (w *World) Identity(account, token string, rooms ...string) auth.Identity {
	return auth.Identity{Host: Host, Account: account, Issuer: "my-app", KeyPrint: "k1", TokenPrint: token, Rooms: rooms,
		AccountClaim: account, IssuedAt: w.Now(), Expires: w.Now().Add(time.Hour)}
}

// Login logs in.
func (w *World) Login(t testing.TB, id auth.Identity) {
	t.Helper()
	if err := w.Record(t.Context(), id); err != nil {
		t.Fatal(err)
	}
}

// Joins wants a join to be decided for a reason.
func (w *World) Joins(t testing.TB, user, room string, want moderation.Reason) {
	t.Helper()
	if d := w.Join(t.Context(), user, room, "nick"); d.Reason != want {
		t.Errorf("%s joining %s: %s (%s), want %s", user, room, d.Reason, d.Detail, want)
	}
}

// HasToLeave reports whether an account is to be taken out of a room.
func (w *World) HasToLeave(room, jid string) bool {
	g := w.Rooms().Assignment(moderation.AssignmentKey{Room: room, JID: jid})
	return g != nil && g.End == moderation.EndRevoked
}
