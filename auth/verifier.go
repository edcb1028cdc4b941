package auth

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"usher/internal/panics"
	"usher/metrics"

	"usher/auth/keys"
	"usher/auth/ticket"
)

// A Verifier decides who may log in. It is safe for concurrent use.
type Verifier struct {
	log     *slog.Logger
	metrics *metrics.Metrics
	panics  *panics.Reporter
	now     func() time.Time

	rules   atomic.Pointer[rules] // a login loads it once
	keys    *keys.Sources
	doors   sync.Map // name → *metrics.Door
	tickets *ticket.Table

	sessions Sessions
}

// New returns a Verifier with the given rules. Keys from URLs are fetched
// once [Verifier.Run] runs.
func New(c Config, o Options) (*Verifier, error) {
	v := &Verifier{log: o.Log, metrics: o.Metrics, panics: o.Panics, now: o.Now}
	if v.log == nil {
		v.log = slog.New(slog.DiscardHandler)
	}
	if v.metrics == nil {
		v.metrics = metrics.New("")
	}
	if v.now == nil {
		v.now = time.Now
	}
	if v.sessions = o.Sessions; v.sessions == nil {
		v.sessions = noSessions{}
	}
	v.tickets = ticket.New(v.metrics)
	v.keys = keys.NewSources(keys.Options{Log: v.log, Metrics: v.metrics, Now: v.now})
	return v, v.Reload(c)
}

// Run keeps the keys of the issuers' URLs fresh, and forgets what has
// expired, until ctx ends.
func (v *Verifier) Run(ctx context.Context) error {
	var sweeper sync.WaitGroup
	sweeper.Go(func() { v.sweep(ctx) })
	defer sweeper.Wait()
	return v.keys.Run(ctx)
}

// sweepEvery bounds how long an expired ticket takes up memory.
const sweepEvery = 10 * time.Second

func (v *Verifier) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			v.tickets.Expire(v.now())
		}
	}
}

// Fetched returns a channel that is closed when each key source of the first
// rules was tried once, with or without success.
func (v *Verifier) Fetched() <-chan struct{} { return v.keys.Fetched() }

// door resolves the counters of a door once; there is one per package below.
func (v *Verifier) door(name string) *metrics.Door {
	if d, ok := v.doors.Load(name); ok {
		return d.(*metrics.Door)
	}
	var denied, undecided []string
	for _, r := range Reasons() {
		if r.Undecided() {
			undecided = append(undecided, string(r))
		} else {
			denied = append(denied, string(r))
		}
	}
	d, _ := v.doors.LoadOrStore(name, v.metrics.Door(name, denied, undecided))
	return d.(*metrics.Door)
}
