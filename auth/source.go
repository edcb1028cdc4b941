package auth

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"usher/metrics"
)

type sourceKind string

const (
	sourceJWKS sourceKind = "jwks" // a JWK set (RFC 7517 section 5)
	sourceASAP sourceKind = "asap" // a server with one PEM file for each kid
)

type sourceOptions struct {
	Log       *slog.Logger
	Metrics   *metrics.Metrics
	Now       func() time.Time  // what is shown; schedules use the monotonic clock
	Transport http.RoundTripper // nil: one that checks the addresses that it dials
}

// A keyset is immutable: new keys come in a new one.
type keyset struct{ keys []*Key }

// A source holds the keys of one issuer that come from a URL. One goroutine,
// run, does all fetching; everything else only reads or marks.
type source struct {
	issuer  string
	kind    sourceKind
	options sourceOptions
	fetch   fetcher
	url     *url.URL
	bad     error // why url may not be fetched from
	keeper  keeper

	set      atomic.Pointer[keyset]
	wake     chan struct{}
	triedCh  chan struct{}
	triedNow sync.Once

	mu      sync.Mutex
	success time.Time
	failure error // of the last fetch
}

// A keeper knows which fetch is due.
type keeper interface {
	// step makes at most one fetch, and returns when to step again; the zero
	// time means when a kid is wanted.
	step(ctx context.Context) time.Time
	// want marks a kid, and never blocks.
	want(kid string)
}

// newSource returns a source that fetches nothing until it runs.
func newSource(issuer string, kind sourceKind, address string, o sourceOptions) *source {
	s := &source{issuer: issuer, kind: kind, options: o, wake: make(chan struct{}, 1), triedCh: make(chan struct{})}
	s.url, s.bad = parseSourceURL(address)
	if s.fetch.transport = o.Transport; o.Transport == nil && s.bad == nil {
		s.fetch.transport = newTransport(sourceDialer(s.url.Scheme))
	}
	if kind == sourceASAP {
		s.fetch.accept = "application/x-pem-file, */*;q=0.1"
		s.keeper = newASAP(s)
		return s
	}
	s.fetch.accept = "application/jwk-set+json, application/json;q=0.9, */*;q=0.1"
	s.keeper = &jwks{source: s}
	return s
}

// current returns the keys; nil until the first success.
func (s *source) current() *keyset { return s.set.Load() }

// want asks for a kid that no key has. It only marks; the answer may be in
// current some time later.
func (s *source) want(kid string) { s.keeper.want(kid) }

// tried returns a channel that is closed after the first attempt, good or not.
func (s *source) tried() <-chan struct{} { return s.triedCh }

// lastSuccess returns when keys were last fetched, or the zero time.
func (s *source) lastSuccess() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.success
}

// problem says why there are no keys, or nothing. Old keys are no problem.
func (s *source) problem() string {
	if s.current() != nil {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure == nil {
		return "never fetched"
	}
	return "never fetched: " + s.failure.Error()
}

// run fetches what is due until ctx ends.
func (s *source) run(ctx context.Context) {
	defer s.markTried() // a source that a reload ends must not hold up the start
	for ctx.Err() == nil {
		next := s.keeper.step(ctx)
		var due <-chan time.Time
		if !next.IsZero() {
			due = time.After(time.Until(next))
		}
		select {
		case <-ctx.Done():
		case <-due:
		case <-s.wake:
		}
	}
}

func (s *source) markTried() { s.triedNow.Do(func() { close(s.triedCh) }) }

// rouse makes run step now.
func (s *source) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// get fetches from a URL and hands the response to use. A panic in either is
// an error like any other: the source backs off, and the old keys stay.
func (s *source) get(ctx context.Context, from *url.URL, use func(response) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a panic of type %T", p)
			s.log(ctx, slog.LevelError, "fetching keys panicked", slog.String("stack", string(debug.Stack())))
		}
		if ctx.Err() == nil {
			s.record(err)
		}
	}()
	if s.bad != nil {
		return s.bad
	}
	r, err := s.fetch.get(ctx, from)
	if err != nil {
		return err
	}
	return use(r)
}

// record keeps how a fetch ended.
func (s *source) record(err error) {
	now := s.options.Now()
	s.options.Metrics.Fetched(s.issuer, err == nil, now)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure = err; err == nil {
		s.success = now
	}
}

// log names the issuer and the server, and never the URL: its path or query
// may be a secret of the operator.
func (s *source) log(ctx context.Context, level slog.Level, text string, more ...slog.Attr) {
	attrs := []slog.Attr{slog.String("issuer", s.issuer), slog.String("source", string(s.kind))}
	if s.url != nil {
		attrs = append(attrs, slog.String("server", s.url.Host))
	}
	s.options.Log.LogAttrs(ctx, level, text, append(attrs, more...)...)
}
