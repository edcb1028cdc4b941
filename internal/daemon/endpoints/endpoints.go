// Package endpoints answers one question: where does the daemon listen, and how
// many connections may each listener have? It starts no goroutine and has no lock
// of its own.
package endpoints

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"usher/internal/config"
	"usher/internal/listen"
	"usher/internal/logattr"
	"usher/metrics"
)

const (
	// maxHTTPConnections bounds the HTTP door's connections. In a flood a new one has as long to send its request as
	// others take to fill this.
	maxHTTPConnections = 1024
	// otherFiles are what usher has open beside connections: the state, the log, the component, key files that are
	// read.
	otherFiles = 96
	// idleUpstream is how many connections to Prosody the gateway keeps for the next requests.
	idleUpstream = 64
)

// Endpoints are the listeners by their key under listen, each with its limits.
type Endpoints struct {
	Bound    map[string]*listen.Bound
	Limited  map[string]*listen.Listener
	Before   []listen.PassedConnection // that the process before has left
	log      *slog.Logger
	files    int                    // that the process may have open
	shortage atomic.Pointer[string] // what they are too few for; empty: nothing
}

// Open opens what the configuration names, or takes it over from systemd.
func Open(ctx context.Context, c *config.Config, m *metrics.Metrics, log *slog.Logger) (*Endpoints, error) {
	passed, err := listen.TakePassed()
	if err != nil {
		return nil, err
	}
	files, err := listen.MostFiles()
	if err != nil {
		return nil, err
	}
	bound, err := listen.Open(ctx, endpointsOf(c), passed.Sockets)
	if err != nil {
		return nil, err
	}
	for _, s := range passed.Sockets {
		if err := listen.OpenToAll(s.Listener); err != nil {
			log.Warn("systemd's socket", "endpoint", s.Name, "address", s.Addr().String(), logattr.Err(err))
		}
	}
	e := &Endpoints{Bound: bound, Limited: map[string]*listen.Listener{}, Before: passed.Connections, log: log,
		files: files}
	division, err := e.Divide(c)
	if err != nil {
		listen.Close(bound)
		return nil, errors.New("not started: " + err.Error())
	}
	for name, b := range bound {
		users := c.Peers
		if name == "admin" {
			users = nil
		}
		e.Limited[name] = listen.Limit(b.Listener, listen.Options{Name: name, Limits: division.limits[name],
			Users: users, Log: log, Metrics: m.Endpoint(name)})
	}
	e.note(division)
	return e, nil
}

// endpointsOf lists where to listen. If no host has a use for the Dovecot door it is not listened on, but for
// usher.socket: people enable that before they write their hosts.
func endpointsOf(c *config.Config) []listen.Endpoint {
	var list []listen.Endpoint
	addresses := c.Listen.ByName()
	for _, name := range slices.Sorted(maps.Keys(addresses)) {
		list = append(list, listen.Endpoint{Name: name, Network: addresses[name].Network,
			Address: addresses[name].Name})
	}
	if unset := config.Default().Listen.Dovecot; c.Listen.Dovecot.Name == "" {
		list = append(list, listen.Endpoint{Name: "dovecot", Network: unset.Network, Address: unset.Name, Passed: true})
	}
	return list
}

// Close closes them all.
func (e *Endpoints) Close() { listen.Close(e.Bound) }

// Configure puts limits in force that a reload has changed.
func (e *Endpoints) Configure(d *Division) {
	for name, l := range e.Limited {
		l.SetLimits(d.limits[name])
	}
	e.note(d)
}

// A Division says who may have how many of the process's file descriptors.
type Division struct {
	limits map[string]listen.Limits
	wanted int      // files, for everything that is configured
	short  []string // who has less than is configured, in words
}

// Divide divides the file descriptors. The doors come first: Prosody stands still when they do not answer.
func (e *Endpoints) Divide(c *config.Config) (*Division, error) {
	gateway := 2*c.Gateway.Connections + 256 // a client of BOSH has two; and there are those without a request yet
	shares := []listen.Share{
		{Name: "http", Least: 128, Most: maxHTTPConnections, Each: 1},
		{Name: "dovecot", Least: 32, Most: 256, Each: 1},
		{Name: "extauth", Least: 16, Most: 64, Each: 1},
		{Name: "admin", Least: 16, Most: 32, Each: 1},
		{Name: "metrics", Least: 16, Most: 64, Each: 1},
		{Name: "console", Least: 16, Most: 320, Each: 1},              // 200 of them are streams
		{Name: "gateway", Least: 32, Most: max(gateway, 32), Each: 2}, // one more to Prosody
	}
	shares = slices.DeleteFunc(shares, func(s listen.Share) bool { return e.Bound[s.Name] == nil })
	others := otherFilesOf(c)
	if e.Bound["gateway"] != nil {
		others += idleUpstream
	}
	most, err := listen.Divide(e.files-others, shares)
	if err != nil {
		return nil, fmt.Errorf("this process may have %d files open, %d of them are for the state, keys and the "+
			"log: %w; raise LimitNOFILE in usher's systemd unit (ulimit -n)",
			e.files, others, err)
	}
	d := &Division{limits: map[string]listen.Limits{}, wanted: others}
	for _, s := range shares {
		n := most[s.Name]
		d.limits[s.Name] = listen.Limits{Most: n}
		behind := func(p listen.Peer) bool { return behindProxy(c, p) }
		switch s.Name {
		case "gateway":
			d.limits[s.Name] = listen.Limits{Most: n, Waiting: min(c.Gateway.ConnectionsPerAddress, n*3/4), Trusted: behind}
		case "console":
			d.limits[s.Name] = listen.Limits{Most: n, Waiting: n / 4, Trusted: behind}
		}
		d.wanted += s.Most * s.Each
		if n < s.Most {
			d.short = append(d.short, fmt.Sprintf("%s has %d of %d connections", s.Name, n, s.Most))
		}
	}
	return d, nil
}

// Shortage says what the files are too few for, or nothing.
func (e *Endpoints) Shortage() string { return *e.shortage.Load() }

// note says so when not all that is configured fits, once for each change.
func (e *Endpoints) note(d *Division) {
	text := ""
	if short := strings.Join(d.short, ", "); short != "" {
		text = fmt.Sprintf("LimitNOFILE is %d and should be %d: %s", e.files, d.wanted, short)
	}
	if was := e.shortage.Swap(&text); text != "" && (was == nil || *was != text) {
		e.log.Warn("too few open files for all connections", "limit", e.files, "wanted", d.wanted, "short",
			strings.Join(d.short, ", "),
			logattr.Hint("LimitNOFILE in usher's systemd unit (ulimit -n), or a lower gateway.max_connections"))
	}
}

// otherFilesOf counts what is open beside connections: a source of keys has one to its server, and its name is looked
// up.
func otherFilesOf(c *config.Config) int {
	n := otherFiles
	for _, h := range c.Auth.Hosts {
		for _, i := range h.Issuers {
			if i.Keys.Remote() {
				n += 2
			}
		}
	}
	return n
}

// behindProxy reports whether a peer of the gateway, or of the console, brings the connections of everybody.
func behindProxy(c *config.Config, p listen.Peer) bool {
	if !p.Network.IsValid() { // a Unix socket has a proxy at its other end
		return true
	}
	return slices.ContainsFunc(c.Gateway.Proxies, p.Network.Overlaps)
}

// Counts are the connections of each endpoint.
func (e *Endpoints) Counts() map[string]listen.Counts {
	counts := map[string]listen.Counts{}
	for name, l := range e.Limited {
		counts[name] = l.Counts()
	}
	return counts
}

// Addresses are where the endpoints listen.
func (e *Endpoints) Addresses() map[string]string {
	addresses := map[string]string{}
	for name, l := range e.Bound {
		addresses[name] = l.Addr().String()
	}
	return addresses
}
