package keys

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"usher/auth/keys/fetch"
	"usher/internal/text"
	"usher/metrics"
)

// Options are the collaborators of [Sources]. All but Transport must be set.
type Options struct {
	Log       *slog.Logger
	Metrics   *metrics.Metrics
	Now       func() time.Time  // what is shown; schedules use the monotonic clock
	Transport http.RoundTripper // nil: one that checks the addresses that it dials

	ended func() // is called when a fetch has ended; may be nil
}

// A sourceID is all that makes two key sources one: two hosts that say the
// same of the same issuer share it. After a change of the CA nothing that was
// fetched under the old one is believed.
type sourceID struct {
	issuer string
	Location
	trust trust
}

// A source holds the keys of one issuer that come from a URL. Its scheduler, which
// run runs, does all fetching; everything else only reads or marks.
type source struct {
	sourceID
	row       *remoteKind
	options   Options
	fetch     fetch.Fetcher
	from      *url.URL
	bad       error // why from may not be fetched from
	scheduler scheduler

	set      atomic.Pointer[keyset]
	wake     chan struct{}
	triedCh  chan struct{}
	triedNow sync.Once

	mu      sync.Mutex
	success time.Time
	failure error // of the last fetch, or nil
	failed  time.Time
}

// A scheduler knows which fetch is due.
type scheduler interface {
	// run fetches what is due until ctx ends, and then waits for all that it started.
	run(ctx context.Context)
	// request says what is known of a kid that no key has, and if it is not
	// known, has it fetched. It never waits.
	request(kid string) Lookup
}

// newSource returns a source that fetches nothing until it runs.
func newSource(id sourceID, o Options) *source {
	s := &source{sourceID: id, row: id.Kind.row().remote, options: o}
	s.wake, s.triedCh = make(chan struct{}, 1), make(chan struct{})
	s.from, s.bad = fetch.ParseURL(id.URL, id.trust.insecureHTTP)
	if s.fetch.Transport = o.Transport; o.Transport == nil && s.bad == nil {
		s.fetch.Transport, s.bad = id.trust.transport(s.from.Scheme)
	}
	s.fetch.Accept = s.row.accept
	s.scheduler = s.row.schedule(s)
	return s
}

// current returns the keys; nil until the first success.
func (s *source) current() *keyset { return s.set.Load() }

// request says what is known of a kid that no key has. It may have it fetched;
// the key is then in current some time later.
func (s *source) request(kid string) Lookup { return s.scheduler.request(kid) }

// tried returns a channel that is closed after the first attempt, good or not.
func (s *source) tried() <-chan struct{} { return s.triedCh }

// problem says why there are no keys, or nothing. Old keys are no problem, nor
// is a key server that was not asked for a key yet.
func (s *source) problem() string {
	if set := s.current(); set != nil && (len(set.keys) > 0 || s.row.perKid) {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure == nil {
		return "never fetched"
	}
	if _, ok := errors.AsType[*contentError](s.failure); ok {
		return "fetched, and refused: " + s.failure.Error()
	}
	return "never fetched: " + s.failure.Error()
}

// lastSuccess returns when keys were last fetched, or the zero time.
func (s *source) lastSuccess() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.success
}

// lastFailure returns when and why the last fetch failed; nil if it did not.
func (s *source) lastFailure() (at time.Time, failure error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed, s.failure
}

// run fetches what is due until ctx ends.
func (s *source) run(ctx context.Context) {
	defer s.markTried() // a source that a reload ends must not hold up the start
	s.scheduler.run(ctx)
}

// wait returns at a time, when woken up, or when ctx ends. The zero time never
// comes.
func (s *source) wait(ctx context.Context, until time.Time) {
	var due <-chan time.Time
	if !until.IsZero() {
		due = time.After(time.Until(until))
	}
	select {
	case <-ctx.Done():
	case <-due:
	case <-s.wake:
	}
}

func (s *source) markTried() { s.triedNow.Do(func() { close(s.triedCh) }) }

// wakeUp makes run step now.
func (s *source) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// A contentError says that a server answered well, and that what it sent
// cannot be used.
type contentError struct{ error }

func (e *contentError) Unwrap() error { return e.error }

// get fetches from a URL and hands the response to use. A panic in either is
// an error like any other: the source backs off, and the old keys stay.
func (s *source) get(ctx context.Context, from *url.URL, use func(fetch.Response) error) (err error) {
	if s.options.ended != nil {
		defer s.options.ended()
	}
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
	r, err := s.fetch.Get(ctx, from)
	if err != nil {
		return err
	}
	if err := use(r); err != nil {
		return &contentError{withoutURL(err, from)}
	}
	return nil
}

// withoutURL keeps a server's words only if they do not repeat what it was asked
// by: what stands in the query may be a secret.
func withoutURL(err error, from *url.URL) error {
	const least = 4 // bytes; less is no secret, but a part of many words
	secrets := []string{from.RawQuery}
	for _, values := range from.Query() {
		secrets = append(secrets, values...)
	}
	text := err.Error()
	for _, secret := range secrets {
		if len(secret) >= least && strings.Contains(text, secret) {
			return errors.New("the answer is no key set; it repeats the URL, and is not shown")
		}
	}
	return err
}

// record keeps how a fetch ended. That a key server does not have a kid is no
// failure: a stranger can write one into a token.
func (s *source) record(err error) {
	now := s.options.Now()
	if s.row.perKid && keyIsGone(err) {
		s.options.Metrics.Fetched(s.issuer, metrics.FetchMissing, now)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure = err; err != nil {
		s.failed = now
		s.options.Metrics.Fetched(s.issuer, metrics.FetchFailed, now)
		return
	}
	s.success = now
	s.options.Metrics.Fetched(s.issuer, metrics.FetchSucceeded, now)
}

// title names the source for an operator, without a URL.
func (s *source) title() string {
	if s.from == nil {
		return s.row.title
	}
	return s.row.title + " of " + text.Name(s.from.Host)
}

// log names the issuer and the server, which is enough to find the line of the
// configuration; where the whole URL is wanted it is written by [fetch.Shown].
func (s *source) log(ctx context.Context, level slog.Level, text string, more ...slog.Attr) {
	attrs := []slog.Attr{slog.String("issuer", s.issuer), slog.String("source", s.row.source)}
	if s.from != nil {
		attrs = append(attrs, slog.String("server", s.from.Host))
	}
	s.options.Log.LogAttrs(ctx, level, text, append(attrs, more...)...)
}
