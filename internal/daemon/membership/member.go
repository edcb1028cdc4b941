// Package membership answers one question: how is this usher one of several? It
// opens the node of the cluster, and ties it to the sessions, the lobby, the doors
// and the component.
//
// It starts no goroutine: [Member.Run], [Member.TellKnocks] and [Writing.Run] are
// tasks of the daemon. It has no lock; what a reload changes is behind an atomic
// pointer.
package membership

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"usher/auth"
	"usher/auth/ticket"
	"usher/internal/admin"
	"usher/internal/cluster"
	"usher/internal/config"
	"usher/internal/config/clustersection"
	"usher/internal/daemon/online"
	"usher/internal/logattr"
	"usher/internal/redis"
	"usher/internal/share"
	"usher/lobby"
	"usher/metrics"
	"usher/moderation/sessions"
	"usher/moderation/streams"
)

// clusterName is that of every cluster: one that is apart has secrets of its own.
const clusterName = "usher"

// A Member is this usher among several; nil: it is alone. Of nil may be asked Admits, Recorded, Configure, Text, NotReady,
// ForCommands, ClockIsOff and Close, which then have nothing to do.
type Member struct {
	node     *cluster.Node
	keys     *cluster.Keys
	bus      *redis.Bus
	state    *share.State
	lobby    *lobby.Lobby
	store    Store
	began    time.Time
	settings atomic.Pointer[clustersection.Cluster]
	name     string // of the node
	accept   atomic.Pointer[func(text string, r ticket.Record) bool]
}

// A Store is a state whose journal can be followed.
type Store interface {
	share.Source
	// Wake says that something was recorded whose answer had to come first.
	Wake()
	// Secret returns what only this state has.
	Secret(ctx context.Context, name string) ([]byte, error)
}

// Options are what a member is of.
type Options struct {
	Config   *config.Config
	Version  string // of the program
	Store    Store
	Sessions *sessions.Sessions
	Lobby    *lobby.Lobby
	Streams  *streams.Streams
	Effects  share.Effects // of what other ushers say
	Log      *slog.Logger
	Metrics  *metrics.Metrics
}

// Open makes the node, which does nothing before [Member.Run].
func Open(ctx context.Context, o Options) (_ *Member, err error) {
	c := &o.Config.Cluster
	m := &Member{store: o.Store, lobby: o.Lobby, began: time.Now(), name: c.Node}
	m.settings.Store(c)
	if m.keys, err = cluster.NewKeys(clusterName, c.Secrets...); err != nil {
		return nil, err
	}
	if m.bus, err = redis.New(online.EngineOptions(c, m.settings.Load)); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			m.bus.Close()
		}
	}()
	m.state = &share.State{Sessions: o.Sessions, Lobby: o.Lobby, Streams: o.Streams, Source: o.Store,
		Effects: o.Effects, Writer: func() (uint64, bool) { return m.node.Writer() }, Now: time.Now}
	options, err := o.node(ctx)
	if err != nil {
		return nil, err
	}
	series := o.Metrics.NewCluster(c.Cell, kindNames())
	options.Log, options.Seen, options.Told = o.Log, func(e cluster.Event) { count(series, e) }, m.told
	if m.node, err = cluster.New(m.bus, m.keys, m.state, m.state, options); err != nil {
		return nil, err
	}
	series.Watch(func() metrics.ClusterState { return clusterState(m.node.Report()) })
	return m, nil
}

// node says which node this is: by the machine, and by what only this state has.
func (o *Options) node(ctx context.Context) (cluster.Options, error) {
	c := &o.Config.Cluster
	secret, err := o.Store.Secret(ctx, "cluster")
	if err != nil {
		return cluster.Options{}, fmt.Errorf("reading what the state is known by: %w", err)
	}
	state, err := hkdf.Key(sha256.New, secret, nil, "usher cluster state", 16)
	if err != nil {
		return cluster.Options{}, err
	}
	return cluster.Options{Node: c.Node, Cell: c.Cell, Staleness: c.MaxStaleness, Machine: machine(),
		State: hex.EncodeToString(state), Usher: o.Version, Config: o.Config.RulesHash()}, nil
}

// NodeOf is the name of this usher among several, or nothing.
func NodeOf(c *config.Config) string {
	if !c.Cluster.Named() {
		return ""
	}
	return c.Cluster.Node
}

// machine is what only this machine has, or nothing.
func machine() string {
	id, err := os.ReadFile("/etc/machine-id")
	if err != nil {
		return ""
	}
	sum := sha256.Sum256([]byte("usher " + strings.TrimSpace(string(id))))
	return hex.EncodeToString(sum[:8])
}

// Node is this usher among the others.
func (m *Member) Node() *cluster.Node { return m.node }

// Accept has tickets that other ushers carry here taken by f.
func (m *Member) Accept(f func(text string, r ticket.Record) bool) { m.accept.Store(&f) }

// Run takes part until ctx ends.
func (m *Member) Run(ctx context.Context) error {
	err := m.node.Run(ctx)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// Close ends the connections to the engine.
func (m *Member) Close() {
	if m != nil {
		m.bus.Close()
	}
}

// Configure puts in force what another configuration says of the cluster, as far as that needs no restart. Secrets and
// times were checked with it.
func (m *Member) Configure(next *config.Config, log *slog.Logger) {
	settings := &next.Cluster
	if m == nil || !settings.Named() {
		return
	}
	m.settings.Store(settings)
	m.node.SetConfig(next.RulesHash())
	signsAnew, err := m.keys.Replace(settings.Secrets...)
	if err = errors.Join(err, m.node.SetStaleness(settings.MaxStaleness)); err != nil {
		log.Error("the cluster keeps what it had", logattr.Err(err))
	}
	if signsAnew {
		m.node.SignAnew()
	}
}

// joinWithin is how long after the start logins wait for what the others know, which takes some 20 ms: a restart is to
// cost none. Longer they must not: Prosody stands still for a login.
const joinWithin = 500 * time.Millisecond

// Admits reports whether logins may be let in.
func (m *Member) Admits(ctx context.Context) error {
	if m == nil || m.node.Fresh() {
		return nil
	}
	if left := joinWithin - time.Since(m.began); left > 0 {
		ctx, cancel := context.WithTimeout(ctx, left)
		defer cancel()
		select {
		case <-m.node.Joined():
		case <-ctx.Done():
		}
		if m.node.Fresh() {
			return nil
		}
	}
	return auth.ErrStale
}

// Recorded says that a login was recorded, once it was answered.
func (m *Member) Recorded() {
	if m != nil {
		m.store.Wake()
	}
}

// Text says who takes part, or nothing.
func (m *Member) Text() string {
	if m == nil {
		return ""
	}
	r := m.node.Report()
	return fmt.Sprintf("node %s of cell %s: %s", r.Node, r.Cell, r)
}

// NotReady says why this usher is not ready.
func (m *Member) NotReady() []string {
	if m == nil {
		return nil
	}
	var list []string
	r := m.node.Report()
	for _, problem := range r.Problems {
		list = append(list, "cluster: "+problem)
	}
	return list
}

// knowWithin is how long a command waits for the other ushers.
const knowWithin = 3 * time.Second

// ForCommands is the cluster as commands ask it, or nil.
func (m *Member) ForCommands() admin.Cluster {
	if m == nil {
		return nil
	}
	return commandedCluster{m.node, m.state}
}

type commandedCluster struct {
	*cluster.Node
	state *share.State
}

// Know waits for the others to have what was recorded, and says who has it.
func (c commandedCluster) Know(ctx context.Context, cell bool) (cluster.Known, error) {
	ctx, cancel := context.WithTimeout(ctx, knowWithin)
	defer cancel()
	return c.Node.Know(ctx, cell, c.state.Last())
}

// ClockIsOff is the error of a change to lists from a node whose clock differs: by its times it is decided what is
// newer.
func (m *Member) ClockIsOff() error {
	if m == nil {
		return nil
	}
	if off := m.node.Report().Clock; off.Abs() > cluster.ClockTolerance {
		return fmt.Errorf("this machine's clock differs by %v from the other ushers', and the later change wins: "+
			"set it first", off.Round(time.Second))
	}
	return nil
}

// UseState reports whether a state of the sign-in is used for the first time anywhere.
func (m *Member) UseState(ctx context.Context, print string, lasts time.Duration) (first bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, carryWithin)
	defer cancel()
	return m.node.Once(ctx, print, lasts)
}
