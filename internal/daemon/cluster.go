package daemon

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"os"
	"slices"
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
	"usher/metrics"
	"usher/moderation/component"
	"usher/moderation/notify"
	"usher/moderation/reconcile"
	"usher/moderation/sessions"
)

// clusterName is that of every cluster: one that is apart has secrets of its own.
const clusterName = "usher"

// changeableRooms are the component's for what changes them.
type changeableRooms interface {
	reconcile.Rooms
	notify.Occupants
}

// A clusterPart is this usher among several. Without a cluster there is none: its methods do nothing on nil.
type clusterPart struct {
	node     *cluster.Node
	keys     *cluster.Keys
	bus      *redis.Bus
	state    *share.State
	store    followedStore
	began    time.Time
	settings atomic.Pointer[clustersection.Cluster]
	name     string // of the node
	accept   atomic.Pointer[func(text string, r ticket.Record) bool]
}

// A followedStore is a state whose journal can be followed.
type followedStore interface {
	share.Source
	// Wake says that something was recorded whose answer had to come first.
	Wake()
}

// openCluster makes the node, which does nothing before its task runs.
func (p *roomParts) openCluster(ctx context.Context, c *config.Config, version string, log *slog.Logger,
	m *metrics.Metrics) (err error) {
	store, ok := p.store.(followedStore)
	if !ok {
		return errors.New("not started: a cluster needs a state that survives, such as " +
			"state: sqlite:/var/lib/usher/usher.db")
	}
	part := &clusterPart{store: store, began: time.Now(), name: c.Cluster.Node}
	part.settings.Store(&c.Cluster)
	if part.keys, err = cluster.NewKeys(clusterName, c.Cluster.Secrets...); err != nil {
		return err
	}
	if part.bus, err = redis.New(online.EngineOptions(&c.Cluster, part.settings.Load)); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			part.bus.Close()
		}
	}()
	part.state = &share.State{Sessions: p.sessions, Lobby: p.lobby, Streams: p.streams, Source: store,
		Effects: learned{p}, Writer: func() (uint64, bool) { return part.node.Writer() }, Now: time.Now}
	options, err := p.nodeOptions(ctx, c, version)
	if err != nil {
		return err
	}
	series := m.NewCluster(c.Cluster.Cell, kindNames())
	options.Log, options.Seen, options.Told = log, func(e cluster.Event) { count(series, e) }, part.told(p)
	if part.node, err = cluster.New(part.bus, part.keys, part.state, part.state, options); err != nil {
		return err
	}
	series.Watch(func() metrics.ClusterState { return clusterState(part.node.Report()) })
	p.cluster = part
	return nil
}

// nodeOptions say which node this is: by the machine, and by what only this state has.
func (p *roomParts) nodeOptions(ctx context.Context, c *config.Config, version string) (cluster.Options, error) {
	secret, err := p.store.Secret(ctx, "cluster")
	if err != nil {
		return cluster.Options{}, fmt.Errorf("reading what the state is known by: %w", err)
	}
	state, err := hkdf.Key(sha256.New, secret, nil, "usher cluster state", 16)
	if err != nil {
		return cluster.Options{}, err
	}
	return cluster.Options{Node: c.Cluster.Node, Cell: c.Cluster.Cell, Staleness: c.Cluster.MaxStaleness,
		Machine: machine(), State: hex.EncodeToString(state), Usher: version, Config: c.RulesHash()}, nil
}

// nodeOf is the name of this usher among several, or nothing.
func nodeOf(c *config.Config) string {
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

// learned are the effects of what other ushers say.
type learned struct{ p *roomParts }

// Touch has the streams end that were revoked elsewhere, and rooms looked at.
func (l learned) Touch(t sessions.Touched) { l.p.touch(t) }

// ListChanged has the rooms looked at in which the lobby's lists count.
func (l learned) ListChanged(jids []string) { l.p.listChanged(jids) }

// tasks are those of the cluster.
func (c *clusterPart) tasks(p *roomParts) []task {
	if c == nil {
		return nil
	}
	list := []task{p.loaded("cluster", func(ctx context.Context) error {
		err := c.node.Run(ctx)
		if ctx.Err() != nil {
			return nil
		}
		return err
	})}
	list = append(list, p.loaded("knocks", p.tellKnocks))
	if p.writing != nil {
		list = append(list, p.loaded("writing", p.writing.run))
	}
	return list
}

func (c *clusterPart) close() {
	if c != nil {
		c.bus.Close()
	}
}

// configure puts in force what another configuration says of the cluster, as far as that needs no restart. Secrets and
// times were checked with it.
func (c *clusterPart) configure(next *config.Config, log *slog.Logger) {
	settings := &next.Cluster
	if c == nil || !settings.Named() {
		return
	}
	c.settings.Store(settings)
	c.node.SetConfig(next.RulesHash())
	signsAnew, err := c.keys.Replace(settings.Secrets...)
	if err = errors.Join(err, c.node.SetStaleness(settings.MaxStaleness)); err != nil {
		log.Error("the cluster keeps what it had", logattr.Err(err))
	}
	if signsAnew {
		c.node.SignAnew()
	}
}

// joinWithin is how long after the start logins wait for what the others know, which takes some 20 ms: a restart is to
// cost none. Longer they must not: Prosody stands still for a login.
const joinWithin = 500 * time.Millisecond

// admits reports whether logins may be let in.
func (c *clusterPart) admits(ctx context.Context) error {
	if c == nil || c.node.Fresh() {
		return nil
	}
	if left := joinWithin - time.Since(c.began); left > 0 {
		ctx, cancel := context.WithTimeout(ctx, left)
		defer cancel()
		select {
		case <-c.node.Joined():
		case <-ctx.Done():
		}
		if c.node.Fresh() {
			return nil
		}
	}
	return auth.ErrStale
}

// recorded says that a login was recorded, once it was answered.
func (c *clusterPart) recorded() {
	if c != nil {
		c.store.Wake()
	}
}

// text says who takes part, or nothing.
func (c *clusterPart) text() string {
	if c == nil {
		return ""
	}
	r := c.node.Report()
	return fmt.Sprintf("node %s of cell %s: %s", r.Node, r.Cell, r)
}

// notReady says why this usher is not ready.
func (c *clusterPart) notReady() []string {
	if c == nil {
		return nil
	}
	var list []string
	r := c.node.Report()
	for _, problem := range r.Problems {
		list = append(list, "cluster: "+problem)
	}
	return list
}

// knowWithin is how long a command waits for the other ushers.
const knowWithin = 3 * time.Second

// forCommands is the cluster as commands ask it, or nil.
func (c *clusterPart) forCommands() admin.Cluster {
	if c == nil {
		return nil
	}
	return commandedCluster{c.node, c.state}
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

// clockIsOff is the error of a change to lists from a node whose clock differs: by its times it is decided what is
// newer.
func (c *clusterPart) clockIsOff() error {
	if c == nil {
		return nil
	}
	if off := c.node.Report().Clock; off.Abs() > cluster.ClockTolerance {
		return fmt.Errorf("this machine's clock differs by %v from the other ushers', and the later change wins: "+
			"set it first", off.Round(time.Second))
	}
	return nil
}

// A writingComponent is the component of an usher among several: only the one whom Prosody asks changes rooms.
type writingComponent struct {
	*component.Client
	node      *cluster.Node
	connected chan struct{}
}

// changeable are the rooms as they may be changed.
func (p *roomParts) changeable() changeableRooms {
	if p.cluster == nil {
		return p.component
	}
	p.writing = &writingComponent{p.component, p.cluster.node, make(chan struct{}, 1)}
	return p.writing
}

// Connection is none while another usher writes.
func (w *writingComponent) Connection() uint64 {
	if _, writes := w.node.Writer(); !writes {
		return 0
	}
	return w.Client.Connection()
}

// Connected has a value each time the rooms become reachable, or this usher the one that writes.
func (w *writingComponent) Connected() <-chan struct{} { return w.connected }

// run hands on when the rooms become reachable.
func (w *writingComponent) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.node.Writes():
		case <-w.Client.Connected():
		}
		select {
		case w.connected <- struct{}{}:
		default:
		}
	}
}

// kinds are what nodes tell each other, as the label of a series.
var kinds = map[cluster.Kind]string{
	cluster.KindRevocation: "revocation", cluster.KindWhitelist: "whitelist", cluster.KindSession: "session",
	cluster.KindRoom: "room", cluster.KindAssignment: "assignment", cluster.KindVerdict: "verdict",
	cluster.KindStream: "stream",
}

func kindNames() []string { return slices.Sorted(maps.Values(kinds)) }

func count(series *metrics.Cluster, e cluster.Event) {
	n := float64(e.N)
	switch e.What {
	case cluster.Published:
		series.Published.Add(n)
	case cluster.Applied:
		if kind := kinds[e.Kind]; kind != "" {
			series.Applied(kind, e.N)
		}
	case cluster.Resent:
		series.Resent.Add(n)
	case cluster.Gap:
		series.Gaps.Add(n)
	case cluster.BadMAC:
		series.BadMAC.Add(n)
	case cluster.Unknown:
		series.Unknown.Add(n)
	}
}

func clusterState(r cluster.Report) metrics.ClusterState {
	s := metrics.ClusterState{Staleness: r.Staleness.Seconds(), Outbox: r.Outbox, ClockOffset: r.Clock.Seconds(),
		Writer: r.Writer == r.Node}
	if r.Staleness < 0 { // it was not with the others yet: no bound is long enough
		s.Staleness = math.Inf(1)
	}
	for _, v := range r.Nodes {
		if !v.Lives {
			continue
		}
		s.Nodes++
		if v.Node != r.Node {
			s.Lag = max(s.Lag, v.Heard.Seconds())
			if !v.SameConf {
				s.OtherConfig++
			}
		}
	}
	return s
}
