package signin

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"usher/auth"
	"usher/auth/keys"
	"usher/auth/signin/oidc"
	"usher/internal/logattr"
	"usher/internal/panics"
)

// The paths that are served.
const (
	LoginPath    = "/login"
	CallbackPath = "/login/callback/" // and the host
	LogoutPath   = "/login/logout"
)

// Serves reports whether a path is one of the door's.
func (d *Server) Serves(path string) bool {
	return path == LoginPath || path == LogoutPath || strings.HasPrefix(path, CallbackPath)
}

// Outcomes count and log what was decided. The daemon's verifier does.
type Outcomes interface {
	Conclude(ctx context.Context, allowed string, c *auth.Credentials, d *auth.Decision, took time.Duration) error
}

// Sessions end those that were logged in with a token.
type Sessions interface {
	// EndToken keeps a token out from now on, known by its thumbprint, until it is over, and ends the sessions with it.
	// When it returns nil that is durable.
	EndToken(ctx context.Context, thumbprint string, expires time.Time) error
}

// States are used once, among all ushers that could be asked.
type States interface {
	// UseState reports whether a state, known by a print of it, is used for the first time. It may forget it when
	// lasts is over. An error means that it cannot be told.
	UseState(ctx context.Context, print string, lasts time.Duration) (first bool, err error)
}

// Options are the collaborators of a [Server].
type Options struct {
	Outcomes Outcomes
	Sessions Sessions // nil: signing out ends no sessions
	States   States   // of several ushers; nil: there is only this one
	Log      *slog.Logger
	Now      func() time.Time // nil: time.Now
	Panics   *panics.Reporter // nil: nothing is written
}

// A Server signs people in. It is safe for concurrent use. Without a host in its settings it serves nothing.
type Server struct {
	Options
	hosts    atomic.Pointer[map[string]*host]
	verifier *auth.Verifier // of ID tokens
	used     used
	rates    *rates
	changed  chan struct{} // wakes Run

	mu        sync.Mutex // of who prepares, commits and runs, and waits for rules
	providers map[oidc.Config]*oidc.Provider
	ruled     chan struct{} // closed with the next rules of ID tokens
}

// New returns a door that serves nothing before it is configured.
func New(o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	v, err := auth.New(auth.Config{}, auth.Options{Log: o.Log, Now: o.Now, Panics: o.Panics})
	if err != nil {
		return nil, err
	}
	d := &Server{Options: o, verifier: v, rates: newRates(), changed: make(chan struct{}, 1),
		ruled: make(chan struct{})}
	d.hosts.Store(&map[string]*host{})
	return d, nil
}

// Prepared are settings that were checked, and are not in force yet. They may be dropped.
type Prepared struct {
	door      *Server
	hosts     map[string]*host
	providers map[oidc.Config]*oidc.Provider
}

// Prepare checks settings. What is in force stays. Only one goroutine may prepare and commit.
func (d *Server) Prepare(c Settings) (*Prepared, error) {
	p := &Prepared{d, map[string]*host{}, map[oidc.Config]*oidc.Provider{}}
	if len(c.Hosts) == 0 {
		return p, nil
	}
	seal, err := newSealer(c.Secrets)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(c.Hosts)) {
		h, err := ready(name, c.Hosts[name], seal)
		if err == nil {
			h.provider, err = p.provider(h.Provider)
		}
		errs = append(errs, err)
		p.hosts[name] = h
	}
	return p, errors.Join(errs...)
}

// provider returns the one that there is already, or a new one.
func (p *Prepared) provider(c oidc.Config) (*oidc.Provider, error) {
	d := p.door
	d.mu.Lock()
	known := d.providers[c]
	d.mu.Unlock()
	if known == nil {
		known = p.providers[c]
	}
	if known == nil {
		roots, err := rootsOf(c)
		if err != nil {
			return nil, err
		}
		o := oidc.Options{Log: d.Log, Now: d.Now, Known: d.wake, Roots: roots, Panics: d.Panics}
		if known, err = oidc.New(c, o); err != nil {
			return nil, err
		}
	}
	p.providers[c] = known
	return known, nil
}

// Look asks a provider that settings name, as [oidc.Look] does.
func Look(ctx context.Context, c oidc.Config) error {
	roots, err := rootsOf(c)
	if err != nil {
		return err
	}
	return oidc.Look(ctx, c, roots)
}

// rootsOf is what a provider's certificate is verified with; nil: what the system has.
func rootsOf(c oidc.Config) (*x509.CertPool, error) {
	if c.CA == "" {
		return nil, nil
	}
	return keys.ParseCA([]byte(c.CA))
}

// Commit puts the settings in force, as a whole.
func (p *Prepared) Commit() {
	d := p.door
	d.mu.Lock()
	d.providers = p.providers
	d.mu.Unlock()
	d.hosts.Store(&p.hosts)
	d.wake()
}

func (d *Server) wake() {
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

// Run asks the providers for what is to be known of them, until ctx ends.
func (d *Server) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { _ = d.verifier.Run(ctx) })
	stops := map[*oidc.Provider]context.CancelFunc{}
	for {
		d.start(ctx, &running, stops)
		d.rule()
		select {
		case <-ctx.Done():
			return nil
		case <-d.changed:
		}
	}
}

// start ends the providers that are gone and starts the new ones.
func (d *Server) start(ctx context.Context, running *sync.WaitGroup, stops map[*oidc.Provider]context.CancelFunc) {
	d.mu.Lock()
	now := slices.Collect(maps.Values(d.providers))
	d.mu.Unlock()
	for _, p := range now {
		if stops[p] == nil {
			sub, cancel := context.WithCancel(ctx)
			stops[p] = cancel
			running.Go(func() { p.Run(sub) })
		}
	}
	for p, stop := range stops {
		if !slices.Contains(now, p) {
			stop()
			delete(stops, p)
		}
	}
}

// rule has ID tokens judged by what is known of the providers now.
func (d *Server) rule() {
	if err := d.verifier.Reload(d.rules()); err != nil {
		d.Log.Error("the ID tokens of the sign-in cannot be verified", logattr.Err(err))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.ruled)
	d.ruled = make(chan struct{})
}

// nextRules returns a channel that is closed when ID tokens are judged by new rules: those of a provider follow what
// becomes known of it a moment later.
func (d *Server) nextRules() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ruled
}

// rules are those of the ID tokens of all hosts whose provider is known.
func (d *Server) rules() auth.Config {
	c := auth.Config{Hosts: map[string]auth.HostConfig{}, MaxTokenBytes: 16 << 10}
	for name, h := range *d.hosts.Load() {
		if m := h.provider.Metadata(); m != nil {
			c.Hosts[name] = h.rulesFor(m.JWKS)
		}
	}
	return c
}

// A Status is how it stands with the provider of a host.
type Status struct {
	Host, Issuer string
	oidc.Health
	Keys []auth.KeyStatus
}

// Status returns how it stands with the providers, by host.
func (d *Server) Status() []Status {
	var list []Status
	hosts := *d.hosts.Load()
	all := d.verifier.Keys()
	for _, name := range slices.Sorted(maps.Keys(hosts)) {
		s := Status{Host: name, Issuer: hosts[name].Provider.Issuer, Health: hosts[name].provider.Health()}
		for _, k := range all {
			if k.Host == name {
				s.Keys = append(s.Keys, k)
			}
		}
		list = append(list, s)
	}
	return list
}

// UnseenClaims returns the claims that make moderators at a host and that no ID token of the last day had.
func (d *Server) UnseenClaims() []auth.UnseenClaim { return d.verifier.UnseenClaims() }

// A request is one on its way.
type request struct {
	*Server
	w     http.ResponseWriter
	r     *http.Request
	say   *words
	from  netip.Prefix // what counts as the client's one address, or invalid where that is not known
	began time.Time
}

// ServeSignIn answers a request for one of the door's paths, which came from an address: what counts as one client's,
// or invalid where that is not known.
func (d *Server) ServeSignIn(w http.ResponseWriter, r *http.Request, from netip.Prefix) {
	q := &request{Server: d, w: w, r: r, say: wordsFor(r), from: from, began: time.Now()}
	q.headers("")
	hosts := *d.hosts.Load()
	switch path := r.URL.Path; {
	case len(hosts) == 0:
		http.Error(w, "no such path", http.StatusNotFound)
	case path == LoginPath && r.Method == http.MethodGet:
		q.begin(hosts)
	case path == LogoutPath && r.Method == http.MethodGet:
		q.askToSignOut(hosts)
	case path == LogoutPath && r.Method == http.MethodPost:
		q.signOut(hosts)
	case strings.HasPrefix(path, CallbackPath) && r.Method == http.MethodGet:
		h := hosts[strings.TrimPrefix(path, CallbackPath)]
		if h == nil {
			http.Error(w, "no such path", http.StatusNotFound)
			return
		}
		q.callback(h)
	default:
		allow := "GET"
		if path == LogoutPath {
			allow = "GET, POST"
		}
		w.Header().Set("Allow", allow)
		http.Error(w, "no such method here", http.StatusMethodNotAllowed)
	}
}

// hostOf finds the host that a request is for: the one that it names, or that of the address that the browser asked,
// or the only one.
func hostOf(hosts map[string]*host, named, header string) *host {
	if named != "" {
		return hosts[named]
	}
	var found []*host
	for _, name := range slices.Sorted(maps.Keys(hosts)) {
		if len(hosts) == 1 || hosts[name].servesOn(header) {
			found = append(found, hosts[name])
		}
	}
	if len(found) != 1 {
		return nil
	}
	return found[0]
}

// conclude counts and logs how a sign-in ended.
func (q *request) conclude(d auth.Decision, host string) {
	c := auth.Credentials{Door: Door, Host: host}
	_ = q.Outcomes.Conclude(q.r.Context(), "signed in", &c, &d, time.Since(q.began))
}

// refuse ends a sign-in that is refused, with a page that says what the person can do. The host and the state are nil
// where they are not known.
func (q *request) refuse(h *host, s *state, r *auth.Refusal) {
	d := auth.Decision{Refusal: r}
	name := ""
	if h != nil {
		name = h.name
		d.ID.Host = name
	}
	q.conclude(d, name)
	q.refusal(h, s, r)
}
