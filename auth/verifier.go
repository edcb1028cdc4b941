package auth

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"usher/metrics"
)

// A Verifier decides who may log in. It is safe for concurrent use.
type Verifier struct {
	log     *slog.Logger
	metrics *metrics.Metrics
	now     func() time.Time

	rules   atomic.Pointer[rules] // a login loads it once
	sources sourceSet
	doors   sync.Map // name → *metrics.Door
}

// New returns a Verifier with the given rules. Keys from URLs are fetched
// once [Verifier.Run] runs.
func New(c Config, o Options) (*Verifier, error) {
	v := &Verifier{log: o.Log, metrics: o.Metrics, now: o.Now}
	if v.log == nil {
		v.log = slog.New(slog.DiscardHandler)
	}
	if v.metrics == nil {
		v.metrics = metrics.New("")
	}
	if v.now == nil {
		v.now = time.Now
	}
	v.sources.options = sourceOptions{Log: v.log, Metrics: v.metrics, Now: v.now}
	v.sources.init()
	return v, v.Reload(c)
}

// Reload replaces the rules as a whole; on an error the old ones stay. Keys
// that are not in c any more are dead when it returns, and so is every cached
// verdict.
func (v *Verifier) Reload(c Config) error {
	if err := c.check(); err != nil {
		return fmt.Errorf("token rules: %w", err)
	}
	v.rules.Store(newRules(c, v.sources.replace()))
	v.sources.apply()
	v.CountKeys()
	return nil
}

// Run keeps the keys of the issuers' URLs fresh until ctx ends.
func (v *Verifier) Run(ctx context.Context) error { return v.sources.run(ctx) }

// Fetched returns a channel that is closed when each key source of the first
// rules was tried once, with or without success.
func (v *Verifier) Fetched() <-chan struct{} { return v.sources.fetched }

// Authenticate decides about one login, counts the decision and logs it. The
// error is always a *Refusal. It reads nothing but memory, and ctx carries
// values for the log only: a decision takes microseconds.
func (v *Verifier) Authenticate(ctx context.Context, c Credentials) (Identity, error) {
	start := time.Now()
	id, refusal := v.decide(c)
	took := time.Since(start)
	door := v.door(c.Door)
	if refusal != nil {
		door.Refused(string(refusal.Reason), took)
		v.logRefusal(ctx, c, id, refusal, took)
		return Identity{}, refusal
	}
	door.Allowed(took)
	v.logLogin(ctx, c, id, took)
	return id, nil
}

// decide returns, with a refusal, as much of the identity as a signature
// proved.
func (v *Verifier) decide(c Credentials) (id Identity, refusal *Refusal) {
	defer func() {
		if p := recover(); p != nil { // fail closed, and say so without the value: it may hold the token
			id, refusal = Identity{}, Refuse(ReasonInternalError, "a panic of type %T", p)
		}
	}()
	a := attempts.Get().(*attempt)
	defer func() {
		a.reset()
		attempts.Put(a)
	}()
	a.Credentials, a.rules, a.now = c, v.rules.Load(), v.now()
	if refusal = a.decide(); refusal != nil {
		if a.key == nil {
			return Identity{}, refusal
		}
		return a.id, refusal
	}
	if a.id.Account == "" {
		a.id.Account, a.id.Random = randomAccount(), true
	}
	return a.id, nil
}

// decide asks the cache first.
func (a *attempt) decide() *Refusal {
	host := a.rules.host(a.Host)
	if host != nil && a.Token != "" {
		if known := host.cache.get(a.Token); known != nil {
			if known.issuer.holds(known.key) {
				a.id, a.key, a.span = known.id, known.key, known.span
				return a.authenticateCached()
			}
			host.cache.drop(a.Token) // its key is gone
		}
	}
	if refusal := a.authenticate(); refusal != nil {
		return refusal
	}
	a.id.Expires = a.span.expires
	if jti := a.claims.get("jti"); jti != nil && jti.kind == '"' {
		a.id.TokenID = string(jti.text)
	}
	a.host.cache.put(a.Token, &verdict{id: a.id, issuer: a.issuer, key: a.key, span: a.span})
	return nil
}

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
