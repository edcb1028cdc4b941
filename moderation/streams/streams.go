package streams

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"usher/auth/relayauth"
	"usher/internal/behind"
	"usher/internal/guard"
	"usher/internal/logattr"
	"usher/metrics"
)

// Kept is how long a stream is remembered that is not connected. Prosody and its clients
// give up earlier.
const Kept = 15 * time.Minute

const (
	writeWithin = 250 * time.Millisecond // what a client waits for
	sweepEvery  = 30 * time.Second
)

// Options are the collaborators of [Streams]. A nil Log or Metrics is a no-op; a nil Now
// is time.Now; no Limits are [UsualLimits].
type Options struct {
	Log     *slog.Logger
	Metrics *metrics.Metrics
	Now     func() time.Time
	Limits  Limits
}

// Streams are those that can be resumed. They are safe for concurrent use.
type Streams struct {
	store   Store
	log     *slog.Logger
	metrics *metrics.Metrics
	now     func() time.Time
	behind  *behind.Keys[string] // prints

	mu    guard.RWMutex
	table table
}

// New returns streams without those that the store kept: [Streams.Load] brings them. The
// store stays the caller's to close.
func New(store Store, o Options) *Streams {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = metrics.New("")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Limits == (Limits{}) {
		o.Limits = UsualLimits()
	}
	return &Streams{store: store, log: o.Log, metrics: o.Metrics, now: o.Now, behind: behind.New[string](),
		table: newTable(o.Limits)}
}

// Load takes over the streams that the store kept. It is called once. A stream that an
// account got meanwhile stays.
func (s *Streams) Load(ctx context.Context) error {
	kept, err := s.store.LoadStreams(ctx)
	if err != nil {
		return fmt.Errorf("loading the streams: %w", err)
	}
	now := s.now()
	for part := range slices.Chunk(kept, guard.Portion) {
		s.mu.Lock()
		for _, v := range part {
			if s.table.all[v.Print] != nil {
				continue
			}
			if newer := s.table.byAccount[account{v.Host, v.Account}]; newer != nil && newer.until.IsZero() {
				s.behind.Add(v.Print)
				continue
			}
			s.behind.Add(s.table.put(&entry{Stream: v, until: now.Add(Kept), since: now})...)
		}
		s.mu.Unlock()
	}
	return nil
}

// RememberStream remembers whose a stream is that Prosody lets be resumed. It is durable
// when it returns nil. What [relayauth.StreamPrint] has no print for is left out: it cannot be
// resumed.
func (s *Streams) RememberStream(ctx context.Context, of relayauth.Stream, resumption string) error {
	print := relayauth.StreamPrint(of.Host, resumption)
	if print == "" {
		return nil
	}
	if !fits(of) {
		return errors.New("the names of a stream are too long to be remembered")
	}
	v := Stream{print, of}
	err := s.behind.Write(func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeWithin)
		defer cancel()
		s.mu.RLock()
		v.Demoted = v.Demoted || s.table.demoted(v)
		s.mu.RUnlock()
		if err := s.store.ApplyStreams(ctx, Change{Put: &v}); err != nil {
			return err
		}
		written := v
		s.mu.Lock()
		v.Demoted = v.Demoted || s.table.demoted(v)
		s.behind.Add(s.table.put(&entry{Stream: v, since: s.now()})...)
		s.mu.Unlock()
		return s.settle(ctx, written)
	})
	if err != nil {
		s.failed(ctx, err)
	}
	return err
}

// StreamOf returns the stream that has an identifier, if it is remembered.
func (s *Streams) StreamOf(host, resumption string) (relayauth.Stream, bool) {
	print := relayauth.StreamPrint(host, resumption)
	s.mu.RLock()
	defer s.mu.RUnlock()
	e := s.table.all[print]
	if e == nil || e.over(s.now()) {
		return relayauth.Stream{}, false
	}
	return e.Stream.Stream, true
}

// EndStream is told that the connection of a stream is gone; with forGood, that Prosody's
// stream is over, too: then it is forgotten.
func (s *Streams) EndStream(host, resumption string, forGood bool) {
	print := relayauth.StreamPrint(host, resumption)
	s.mu.Lock()
	e := s.table.all[print]
	switch {
	case e == nil:
	case forGood:
		s.table.drop(e)
	case e.until.IsZero():
		now := s.now()
		e.until, e.since = now.Add(Kept), now
	}
	s.mu.Unlock()
	if e != nil && forGood {
		s.behind.Add(print)
	}
}

// Demote notes that an account, a bare JID, was made less in a room than it was. If that
// cannot be written a restart forgets it; the state counts and logs it.
func (s *Streams) Demote(ctx context.Context, jid string) {
	name, host, _ := strings.Cut(jid, "@")
	err := s.behind.Write(func() error {
		s.mu.Lock()
		e := s.table.byAccount[account{host, name}]
		if e == nil || e.Demoted {
			s.mu.Unlock()
			return nil
		}
		e.Demoted = true
		v := e.Stream
		s.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeWithin)
		defer cancel()
		if err := s.store.ApplyStreams(ctx, Change{Put: &v}); err != nil {
			return err
		}
		return s.settle(ctx, v)
	})
	if err != nil {
		s.failed(ctx, err)
	}
}

// settle has the state say of a stream what memory does: it may have been demoted, or
// remembered anew, while something else was written of it.
func (s *Streams) settle(ctx context.Context, written Stream) error {
	for {
		s.mu.RLock()
		now := written
		if e := s.table.all[written.Print]; e != nil {
			now = e.Stream
		}
		s.mu.RUnlock()
		if now == written {
			return nil
		}
		if err := s.store.ApplyStreams(ctx, Change{Put: &now}); err != nil {
			return err
		}
		written = now
	}
}

// Forget forgets the streams of accounts, bare JIDs, which cannot be resumed from then on.
func (s *Streams) Forget(accounts []string) {
	var gone []string
	for part := range slices.Chunk(accounts, guard.Portion) {
		s.mu.Lock()
		for _, jid := range part {
			name, host, _ := strings.Cut(jid, "@")
			if e := s.table.byAccount[account{host, name}]; e != nil {
				s.table.drop(e)
				gone = append(gone, e.Print)
			}
		}
		s.mu.Unlock()
	}
	s.behind.Add(gone...)
}

// Run forgets the streams whose time is over, and writes what is behind, until ctx ends.
func (s *Streams) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			s.persist(ctx)
			return nil
		case <-s.behind.Asked():
			s.persist(ctx)
		case <-tick.C:
			s.sweep(ctx)
		}
	}
}

// sweep forgets the streams whose time is over.
func (s *Streams) sweep(ctx context.Context) {
	now := s.now()
	over := guard.Gather(&s.mu, s.table.all, 0, func(_ string, e *entry) (*entry, bool) { return e, e.over(now) })
	for part := range slices.Chunk(over, guard.Portion) {
		s.mu.Lock()
		for _, e := range part {
			if s.table.all[e.Print] == e && e.over(now) { // else it was resumed meanwhile
				s.table.drop(e)
				s.behind.Add(e.Print)
			}
		}
		s.mu.Unlock()
		s.persist(ctx)
	}
}

// persist deletes what memory has forgotten.
func (s *Streams) persist(ctx context.Context) {
	known := func(print string) bool {
		s.mu.RLock()
		defer s.mu.RUnlock()
		return s.table.all[print] != nil
	}
	for _, err := range s.behind.Delete(ctx, known, func(ctx context.Context, prints []string) error {
		changes := make([]Change, len(prints))
		for i, print := range prints {
			changes[i].Delete = print
		}
		return s.store.ApplyStreams(ctx, changes...)
	}) {
		s.failed(ctx, err)
	}
}

func (s *Streams) failed(ctx context.Context, err error) {
	s.metrics.StateError(metrics.StateStreams)
	s.log.LogAttrs(ctx, slog.LevelError, "the state cannot be written", slog.String("operation",
		metrics.StateStreams.String()), logattr.Err(err))
}
