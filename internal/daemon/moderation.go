package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"usher/auth"
	"usher/auth/gateway/swap"
	"usher/internal/config"
	"usher/internal/daemon/membership"
	"usher/internal/daemon/relayed"
	"usher/internal/logattr"
	"usher/internal/memory"
	"usher/internal/panics"
	"usher/internal/permission"
	"usher/internal/recent"
	"usher/internal/sqlite"
	"usher/internal/text"
	"usher/lobby"
	"usher/metrics"
	"usher/moderation"
	"usher/moderation/component"
	"usher/moderation/muc"
	"usher/moderation/notify"
	"usher/moderation/occupancy"
	"usher/moderation/reconcile"
	"usher/moderation/sessions"
	"usher/moderation/streams"
	"usher/moderation/unasked"
)

// roomParts is everything about sessions and rooms.
type roomParts struct {
	store      stateStore
	disk       *sqlite.Store // the store, if it is on the disk
	lobby      *lobby.Lobby
	sessions   *sessions.Sessions
	streams    *streams.Streams
	asked      *unasked.Reporter
	service    *muc.Service
	handler    *muc.Handler
	occupancy  *occupancy.Occupancy
	gateway    *muc.Gateway          // decides the joins that the gateway sees
	reconciler *reconcile.Reconciler // nil without a component
	notifier   *notify.Notifier      // likewise
	commands   *notify.LobbyCommands
	decisions  *recent.Decisions
	audit      *recent.Audit
	relay      relayed.Streams
	component  *component.Client  // nil if there is none
	cluster    *membership.Member // nil if this usher is alone
	console    *consolePart       // nil if there is none
	knocks     chan lobby.Waiting // for the other ushers; nil if this usher is alone
	log        *slog.Logger
	writing    *membership.Writing // nil without a component or a cluster

	mucs        atomic.Pointer[[]string] // of all hosts, from before anything is asked
	membersOnly atomic.Bool              // some lobby is enforced by members-only rooms
}

// A stateStore is everything that is kept over restarts.
type stateStore interface {
	sessions.Store
	streams.Store
	occupancy.Store
	lobby.Store
	Secret(ctx context.Context, name string) ([]byte, error)
}

// openRooms opens the state, of which it loads what logins want, and starts nothing. No rules
// are in force.
func openRooms(ctx context.Context, c *config.Config, version string, log *slog.Logger, m *metrics.Metrics,
	pr *panics.Reporter) (_ *roomParts, err error) {
	p := &roomParts{log: log, decisions: recent.NewDecisions(nil), audit: recent.NewAudit(log, nil)}
	if err := p.openState(ctx, c.State, log, m); err != nil {
		return nil, err
	}
	listed := lobby.Options{Log: log, Metrics: m}
	if c.Cluster.Named() {
		p.knocks = make(chan lobby.Waiting, maxKnocks)
		listed.Shared, listed.Knocked = true, p.knocked
	}
	p.lobby = lobby.New(p.store, listed)
	nothing, err := moderation.NewPolicy(nil, nil)
	if err != nil {
		return nil, errors.Join(err, p.store.Close())
	}
	p.sessions, err = sessions.New(ctx, p.store, nothing, sessions.Options{Log: log, Metrics: m, Lobby: p.lobby,
		Node: membership.NodeOf(c)})
	if err != nil {
		return nil, errors.Join(err, p.store.Close())
	}
	m.WatchRevocations(p.sessions.Revocations().Count)
	if p.console, err = newConsole(c, p.sessions, m, pr, time.Now); err != nil {
		return nil, errors.Join(err, p.store.Close())
	}
	p.streams = streams.New(p.store, streams.Options{Log: log, Metrics: m})
	p.relay.Kept = p.streams
	p.occupancy = occupancy.New(p.store, p.sessions.Rooms(), occupancy.Options{Log: log, Metrics: m})
	p.asked = unasked.NewReporter(unasked.Options{Limits: unasked.UsualLimits(), Policy: p.sessions.Policy,
		Log: log, Metrics: m})
	options := muc.Options{Sessions: p.sessions, Lobby: p.lobby, Unasked: p.asked, Metrics: m, Last: p.decisions}
	if c.Cluster.Named() {
		if err := p.openCluster(ctx, c, version, log, m); err != nil {
			return nil, errors.Join(err, p.store.Close())
		}
		options.Cluster = p.cluster.Node()
	}
	commands := notify.CommandOptions{Sessions: p.sessions, Lobby: p.lobby, Log: log, Audit: p.audit}
	if c.Component.JID != "" {
		p.component = component.New(c.Component.Config, component.Options{Log: log, Metrics: m})
		rooms := p.changeable()
		p.reconciler = reconcile.New(reconcile.Options{Sessions: p.sessions, Rooms: rooms, Lobby: p.lobby,
			Streams: &p.relay, Unasked: p.asked, Log: log, Metrics: m})
		p.notifier = notify.New(notify.Options{Sessions: p.sessions, Lobby: p.lobby, Rooms: rooms,
			Messenger: p.component, Link: p.moderatorLink, Clients: p.relay.Clients, Log: log, Metrics: m})
		options.Rooms, options.Reconciler, options.Notifier = p.component, p.reconciler, p.notifier
		commands.Reconciler, commands.Notifier = p.reconciler, p.notifier
	}
	p.commands = notify.NewLobbyCommands(commands)
	if p.component != nil {
		p.component.Offer(notify.NewDialog(p.commands, p.commands))
	}
	p.service = muc.New(options)
	p.handler = &muc.Handler{Service: p.service, Log: log, Panics: pr}
	p.gateway = &muc.Gateway{Service: p.service, Occupancy: p.occupancy, Log: log, Panics: pr}
	return p, nil
}

// touch has the rooms reconciled that a change touched.
func (p *roomParts) touch(t sessions.Touched) {
	if len(t.Ended) > 0 {
		p.streams.Forget(t.Ended)
		p.relay.End(t.Ended)
	}
	if p.reconciler != nil {
		p.reconciler.Touch(t)
	}
	p.relay.Review(t)
}

// swept is touch after a sweep, which ends sessions of accounts that no room is kept of,
// too.
func (p *roomParts) swept(t sessions.Touched) {
	p.touch(t)
	p.relay.ReviewAll()
}

// whitelist is the lobby as operators change it: a change has rooms reconciled.
type whitelist struct {
	*lobby.Lobby
	changed func(jids []string)
	cluster *membership.Member
}

// Allow adds an entry.
func (w whitelist) Allow(ctx context.Context, e lobby.Entry) error {
	if err := w.cluster.ClockIsOff(); err != nil {
		return err
	}
	err := w.Lobby.Allow(ctx, e)
	if err == nil {
		w.changed([]string{e.JID})
	}
	return err
}

// Remove takes an entry off.
func (w whitelist) Remove(ctx context.Context, key lobby.EntryKey) error {
	if err := w.cluster.ClockIsOff(); err != nil {
		return err
	}
	off, err := w.Lobby.Remove(ctx, key)
	if off {
		w.changed([]string{key.JID})
	}
	return err
}

// listChanged has the rooms reconciled in which the lobby's lists count.
func (p *roomParts) listChanged(jids []string) {
	for _, jid := range jids {
		accounts := []string{jid}
		if user, is := lobby.UserOf(jid); is {
			accounts = p.sessions.AccountsOf(user)
		}
		for _, account := range accounts {
			p.touch(p.sessions.Rooms().ListChanged(account))
		}
	}
}

// logins are the sessions as the doors know them: a login has rooms reconciled.
type logins struct {
	*sessions.Sessions
	touch   func(sessions.Touched)
	cluster *membership.Member
}

var _ auth.Sessions = logins{}

// Record remembers a login, if this usher knows what the others have revoked. Rooms that it changes are told before the
// answer: Prosody computes the role of an account that joins before it asks about the join, and a room for members has
// it leave again that is none by then.
func (l logins) Record(ctx context.Context, id auth.Identity) (then func(), err error) {
	if err := l.cluster.Admits(ctx); err != nil {
		return nil, err
	}
	t, err := l.Sessions.Record(ctx, id)
	if err != nil {
		return nil, err
	}
	l.touch(t)
	if l.cluster == nil {
		return nil, nil
	}
	return l.cluster.Recorded, nil
}

// configure puts in force what is neither rules nor lists.
func (p *roomParts) configure(c *config.Config) {
	p.membersOnly.Store(slices.ContainsFunc(c.Rooms, func(h moderation.HostPolicy) bool {
		return h.Lobby != nil && h.Lobby.Mode() == lobby.MembersOnly
	}))
	var mucs []string
	for _, h := range c.Rooms {
		mucs = append(mucs, h.MUC...)
	}
	p.mucs.Store(&mucs)
	p.cluster.Configure(c, p.log)
	if p.component != nil {
		p.component.Configure(c.Component.Config)
	}
}

func (p *roomParts) openState(ctx context.Context, c config.State, log *slog.Logger, m *metrics.Metrics) error {
	if c.Path == "" {
		p.store = memory.New()
		return nil
	}
	store, err := sqlite.Open(ctx, c.Path, log)
	switch dir := filepath.Dir(c.Path); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("not started: %w\nmake the folder, or set state: in the configuration — "+
			"install -d -o usher -g usher -m 0700 %s", err, text.Shell(dir))
	case err != nil && permission.Find(dir, permission.Write|permission.Enter) != nil:
		b := permission.Find(dir, permission.Write|permission.Enter)
		return fmt.Errorf("not started: %w\n%s — %s", err, b.Text(), b.Mend())
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("not started: %w\ngive it to the user that runs usher — chown -R %s: %s*", err,
			permission.Self(), text.Shell(c.Path))
	case err != nil:
		return err
	}
	p.store, p.disk = store, store
	m.WatchState(func() metrics.StateSize {
		now := store.Status()
		return metrics.StateSize{JournalBytes: now.JournalBytes, BehindBytes: now.Behind, BehindAge: now.Age}
	})
	return nil
}

func (p *roomParts) close(log *slog.Logger) {
	p.cluster.Close()
	if err := p.store.Close(); err != nil {
		log.Error("closing the state", logattr.Err(err))
	}
}

func (p *roomParts) tasks() []task {
	list := []task{
		{"sessions", func(ctx context.Context) error { return p.sessions.Run(ctx, p.swept) }},
		p.loaded("streams", p.streams.Run),
		p.loaded("occupancy", p.occupancy.Run),
		p.loaded("lobby", func(ctx context.Context) error { return p.lobby.Run(ctx, p.listChanged) }),
	}
	if p.component != nil {
		list = append(list, p.loaded("component", p.component.Run), p.loaded("rooms", p.reconciler.Run),
			p.loaded("notices", p.notifier.Run))
	}
	return append(list, p.clusterTasks()...)
}

// swapKey reads the key of refusals that are on their way. The state makes it once.
func (p *roomParts) swapKey(ctx context.Context) (*swap.Key, error) {
	secret, err := p.store.Secret(ctx, "swap")
	if err != nil {
		return nil, fmt.Errorf("reading the gateway's key from the state: %w", err)
	}
	key := new(swap.Key)
	if copy(key[:], secret) < len(key) {
		return nil, fmt.Errorf("the gateway's key in the state has %d bytes, want %d", len(secret), len(key))
	}
	return key, nil
}

// componentJID is the component's address, or nothing if there is none.
func (p *roomParts) componentJID() string {
	if p.component == nil {
		return ""
	}
	return p.component.JID()
}

// problem says why rooms cannot be changed, or nothing.
func (p *roomParts) problem() string {
	if p.component == nil {
		return ""
	}
	return p.component.Problem()
}
