package auth

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"usher/metrics"
)

type sourceKind string

const (
	sourceJWKS sourceKind = "jwks" // a JWK set
	sourceASAP sourceKind = "asap" // a PEM file for each kid
)

const (
	unknownKidEvery = 30 * time.Second // between fetches that an unknown kid asks for
	minBackoff      = 5 * time.Second
	maxBackoff      = 5 * time.Minute
)

// sourceOptions are the collaborators of a source. A nil Client is one with
// the limits of fetch.go.
type sourceOptions struct {
	Log     *slog.Logger
	Metrics *metrics.Metrics
	Now     func() time.Time
	Client  *http.Client
}

// A keyset is what a source last fetched. It never changes; another one takes
// its place when the keys are others.
type keyset struct{ keys []*Key }

// A source fetches the keys of one issuer in the background. A login only
// ever loads what is there.
type source struct {
	issuer string
	kind   sourceKind
	url    string
	o      sourceOptions

	set      atomic.Pointer[keyset]
	wake     chan struct{}
	first    chan struct{} // closed after the first attempt
	onceOnly sync.Once

	mu     sync.Mutex
	okAt   time.Time
	lastOK bool
	why    string
	wanted map[string]int // unknown kids, by how often they were asked for
}

func newSource(issuer string, kind sourceKind, url string, o sourceOptions) *source {
	s := &source{issuer: issuer, kind: kind, url: url, o: o, wake: make(chan struct{}, 1),
		first: make(chan struct{}), wanted: map[string]int{}, why: "the keys were not fetched yet"}
	if s.o.Client == nil {
		s.o.Client = newHTTPClient(strings.HasPrefix(strings.ToLower(url), "http:"))
	}
	if kind == sourceASAP { // nothing to fetch until a token names a key
		s.set.Store(&keyset{})
		s.why = ""
		close(s.first)
	}
	return s
}

// current returns the keys, or nil if none were ever fetched.
func (s *source) current() *keyset { return s.set.Load() }

// tried returns a channel that is closed after the first fetch, good or bad.
func (s *source) tried() <-chan struct{} { return s.first }

func (s *source) lastSuccess() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.okAt
}

// problem says why the last fetch failed, or nothing.
func (s *source) problem() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.why
}

// maxWanted bounds the unknown kids that a source remembers. Anybody can send
// them, so it is small.
const maxWanted = 16

// want notes a kid that no key has and wakes the source. It never waits for
// a fetch.
func (s *source) want(kid string) {
	s.mu.Lock()
	if _, there := s.wanted[kid]; there || len(s.wanted) < maxWanted {
		s.wanted[kid]++
	}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run fetches until ctx ends.
func (s *source) run(ctx context.Context) {
	if s.kind == sourceASAP {
		s.runASAP(ctx)
		return
	}
	s.runJWKS(ctx)
}

// note records how a fetch ended, for the log, the metrics and the status.
func (s *source) note(err error) {
	now := s.o.Now()
	s.o.Metrics.Fetched(s.issuer, err == nil, now)
	s.mu.Lock()
	recovered := err == nil && !s.lastOK
	s.lastOK, s.why = err == nil, ""
	if err == nil {
		s.okAt = now
	} else {
		s.why = err.Error()
	}
	s.mu.Unlock()
	switch {
	case err != nil:
		s.o.Log.Warn("keys not fetched, the last good ones stay", "issuer", s.issuer, "source", string(s.kind), "error", err.Error())
	case recovered:
		s.o.Log.Info("keys fetched", "issuer", s.issuer, "source", string(s.kind))
	}
}

// jitter spreads fetches by a tenth either way.
func jitter(d time.Duration) time.Duration {
	return d - d/10 + rand.N(d/5+1)
}
