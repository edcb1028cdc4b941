package auth

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"usher/auth/keys"
	"usher/auth/ticket"
	"usher/internal/panics"
	"usher/metrics"
)

// A Verifier decides which logins are let in. It is safe for concurrent use.
type Verifier struct {
	outcomes outcomes
	panics   *panics.Reporter
	now      func() time.Time

	rules    atomic.Pointer[rules] // a login loads it once
	keys     *keys.Sources
	tickets  *ticket.Table
	sessions Sessions
	carrier  TicketCarrier // may be nil
}

// New returns a Verifier with the given rules. Keys from URLs are fetched
// once [Verifier.Run] runs.
func New(c Config, o Options) (*Verifier, error) {
	v := &Verifier{outcomes: outcomes{log: o.Log, metrics: o.Metrics, last: o.Last}, panics: o.Panics, now: o.Now,
		carrier: o.Carrier}
	if v.outcomes.log == nil {
		v.outcomes.log = slog.New(slog.DiscardHandler)
	}
	if v.outcomes.metrics == nil {
		v.outcomes.metrics = metrics.New("")
	}
	if v.now == nil {
		v.now = time.Now
	}
	if v.sessions = o.Sessions; v.sessions == nil {
		v.sessions = noSessions{}
	}
	v.tickets = ticket.New(v.outcomes.metrics)
	v.keys = keys.NewSources(keys.Options{Log: v.outcomes.log, Metrics: v.outcomes.metrics, Now: v.now})
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
const sweepEvery = time.Minute

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

// Prepare checks and builds rules. Everything that can fail fails here; what is
// in force stays. Only one goroutine may prepare and commit.
func (v *Verifier) Prepare(c Config) (*Prepared, error) {
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("token rules: %w", err)
	}
	keys := v.keys.Prepare()
	p := &Prepared{verifier: v, rules: newRules(c, keys.Set), keys: keys}
	if err := keys.Err(); err != nil {
		return nil, fmt.Errorf("token rules: %w", err)
	}
	return p, nil
}

// Reload is Prepare and Commit.
func (v *Verifier) Reload(c Config) error {
	p, err := v.Prepare(c)
	if err != nil {
		return err
	}
	p.Commit()
	return nil
}

// Explain runs the checks of [Verifier.Authenticate] over c, all of them, and
// tells what each found. It neither counts nor logs, and nothing it finds is
// kept: what stands in a token whose signature is wrong is shown as claimed.
func (v *Verifier) Explain(c Credentials) Report {
	a := &attempt{}
	a.Credentials, a.rules, a.now, a.sessions = c, v.rules.Load(), v.now(), v.sessions
	if h := a.rules.host(c.Host); h != nil {
		a.relay = h.Relay != nil
	}
	return a.report()
}

// Exists reports whether name is an account that a Prosody may be told of: a
// service account, or one that has logged in with a token that is still good,
// that is, neither expired nor signed by a key that has gone. The name is a
// JID localpart; an unknown host has service accounts at most. Before a no it waits, after
// a start, for the sessions that were kept, and at most until ctx ends: an error means that
// it cannot be told.
func (v *Verifier) Exists(ctx context.Context, host, name string) (bool, error) {
	if v.rules.Load().exists(host, name, v.sessions) {
		return true, nil
	}
	if err := v.sessions.Await(ctx); err != nil {
		return false, err
	}
	return v.rules.Load().exists(host, name, v.sessions), nil
}

// HoldsKey reports whether a key can still verify the tokens of an issuer. It
// is known by its print ([Identity]). A key whose source was not reached since
// the start counts as held, and one of an ASAP key server always.
func (v *Verifier) HoldsKey(host, issuer, keyPrint string) bool {
	return v.rules.Load().holdsKey(host, issuer, keyPrint)
}

// Remember has the account of a ticket be taken again by the client that resumes the
// stream that logged in with it, with the same token: Prosody lets no other
// resume it. Once it returns nil a killed daemon still knows it. A token that
// names an account needs no such memory, and an identifier over 256 bytes gets
// none; neither is an error. A ticket that was not used, or whose session has
// ended, is [ErrNoSession].
func (v *Verifier) Remember(ctx context.Context, t Ticket, resumption string) error {
	if !t.Random {
		return nil
	}
	return v.sessions.Remember(ctx, t.Host, t.Account, t.tokenPrint, resumption)
}

// Keys returns the state of all keys, ordered by host, issuer and source.
func (v *Verifier) Keys() []KeyStatus { return v.rules.Load().keyStatus() }

// CountKeys brings the keys gauge up to date. It is called after a reload,
// and before the gauges are read.
func (v *Verifier) CountKeys() {
	counts, issuers := v.rules.Load().countKeys()
	v.outcomes.metrics.SetKeys(counts)
	v.outcomes.metrics.Issuers(issuers)
}

// UnseenClaims returns the claims of moderation.moderators that no login of the
// last day had in its token, ordered by host. Of a host without logins, and of
// one that has the default claims, there are none.
func (v *Verifier) UnseenClaims() []UnseenClaim { return v.rules.Load().unseenClaims(v.now()) }

// Prepared are rules that were checked and built, and are not in force yet.
// They may be dropped without a trace.
type Prepared struct {
	verifier *Verifier
	rules    *rules
	keys     *keys.Prepared
}

// Commit puts the rules in force, as a whole. Keys that they do not have are
// dead when it returns, and so is every cached verdict.
func (p *Prepared) Commit() {
	p.rules.keepUse(p.verifier.rules.Load(), p.verifier.now())
	p.verifier.rules.Store(p.rules)
	p.keys.Commit()
	p.verifier.CountKeys()
	p.verifier.outcomes.metrics.Hosts(p.rules.issuersOf())
}

// HoldsKey is [Verifier.HoldsKey] by these rules, whether or not they are in
// force: the package that decides about joins keeps it beside the rules for rooms, so that
// no join is decided by the rooms of one configuration and the keys of another.
func (p *Prepared) HoldsKey(host, issuer, keyPrint string) bool {
	return p.rules.holdsKey(host, issuer, keyPrint)
}
