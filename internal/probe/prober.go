package probe

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"usher/internal/logattr"
	"usher/internal/text"
	"usher/metrics"
)

// A Target is a host with a relay, and how its Prosody is reached.
type Target struct {
	Host        string
	Guests      []string               // hosts of its guests, who log in without a token
	Upstream    *url.URL               // Prosody's HTTP server
	Token       func() (string, error) // a fresh inner token, of a few seconds
	GuestsStart bool                   // logins without a token are meant
	Empty       bool                   // they go on to Prosody without an inner token (allow_empty_token)
}

// A Finding is what came of a host.
type Finding struct {
	Host string
	OK   bool
	Text string // what was seen
	Mend string // the step that is missing, if it is not OK
}

// tryWithin bounds what is asked of one Prosody.
const tryWithin = 3 * time.Second

// Between two tries while something is not as it should be.
const (
	firstAgain = 2 * time.Second
	mostAgain  = 30 * time.Second
)

// A Prober tries the hosts at its start, whenever it is asked or woken, and again while a step is missing.
type Prober struct {
	first   time.Duration // the first wait
	log     *slog.Logger
	metrics *metrics.Metrics // nil: nothing is counted
	targets func() []Target
	client  *http.Client
	wake    chan struct{} // has place for one

	mu          sync.Mutex
	last        []Finding
	begun, done int           // how often the hosts have been tried
	tried       chan struct{} // closed when they have been tried once more
}

// New returns a Prober that does nothing before it runs. The targets are asked for each
// time.
func New(log *slog.Logger, m *metrics.Metrics, targets func() []Target) *Prober {
	return &Prober{first: firstAgain, log: log, metrics: m, targets: targets, wake: make(chan struct{}, 1),
		tried: make(chan struct{}),
		client: &http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true,
			ResponseHeaderTimeout: tryWithin}, CheckRedirect: noRedirect}}
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Run tries the hosts until ctx ends.
func (p *Prober) Run(ctx context.Context) error {
	again, wait := time.NewTimer(0), p.first
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.wake:
			wait = p.first
		case <-again.C:
		}
		if p.tryAll(ctx) {
			again.Stop()
			continue
		}
		again.Reset(wait)
		wait = min(2*wait, mostAgain)
	}
}

// Wake has the hosts tried once more: the configuration has changed, or Prosody has come back. Nil tries nothing.
func (p *Prober) Wake() {
	if p == nil {
		return
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Last returns what was found last, and has nothing tried.
func (p *Prober) Last() []Finding {
	if len(p.targets()) == 0 {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.last)
}

// Ask has the hosts tried once more, and returns what was found last, after this long at
// most. A try that is under way does not count: it may have begun before a reload.
func (p *Prober) Ask(within time.Duration) []Finding {
	if len(p.targets()) == 0 {
		return nil
	}
	p.mu.Lock()
	want := p.begun + 1
	p.mu.Unlock()
	p.Wake()
	late := time.NewTimer(within)
	defer late.Stop()
	for {
		p.mu.Lock()
		last, there, tried := slices.Clone(p.last), p.done >= want, p.tried
		p.mu.Unlock()
		if there {
			return last
		}
		select {
		case <-tried:
		case <-late.C:
			return last
		}
	}
}

// tryAll reports whether nothing is missing.
func (p *Prober) tryAll(ctx context.Context) bool {
	p.mu.Lock()
	p.begun++
	p.mu.Unlock()
	var list []Finding
	for _, t := range p.targets() {
		within, cancel := context.WithTimeout(ctx, tryWithin)
		list = append(list, p.try(within, t))
		cancel()
	}
	if ctx.Err() != nil {
		return false
	}
	p.mu.Lock()
	before := p.last
	p.last, p.done = slices.Clone(list), p.begun
	close(p.tried)
	p.tried = make(chan struct{})
	p.mu.Unlock()
	for _, f := range list {
		if !slices.Contains(before, f) {
			p.report(ctx, f)
		}
	}
	missing := len(slices.DeleteFunc(list, func(f Finding) bool { return f.OK }))
	if p.metrics != nil {
		p.metrics.RelayStepsMissing(missing)
	}
	return missing == 0
}

func (p *Prober) report(ctx context.Context, f Finding) {
	if f.OK {
		p.log.LogAttrs(ctx, slog.LevelInfo, "Prosody takes inner tokens", logattr.Host(f.Host))
		return
	}
	p.log.LogAttrs(ctx, slog.LevelWarn, "Prosody does not do what a relay wants", logattr.Host(f.Host),
		slog.String("problem", f.Text), logattr.Hint(f.Mend))
}

// try logs in with an inner token, without one, with one that is broken, and as a guest.
func (p *Prober) try(ctx context.Context, t Target) Finding {
	token, err := t.Token()
	if err != nil {
		return Finding{Host: t.Host, Text: "no inner token can be made: " + err.Error(),
			Mend: "look at relay of the host"}
	}
	with := p.login(ctx, t, token)
	if !with.in {
		return with.finding(t)
	}
	if broken := p.login(ctx, t, broken(token)); broken.in {
		return Finding{Host: t.Host, Text: "Prosody lets a broken token in",
			Mend: `set authentication = "token" in Prosody's host, and restart Prosody`}
	}
	found := p.tryWithout(ctx, t)
	if !found.OK {
		return found
	}
	return p.tryGuests(ctx, t, found)
}

// tryGuests logs in at the hosts of guests.
func (p *Prober) tryGuests(ctx context.Context, t Target, found Finding) Finding {
	for _, guests := range t.Guests {
		if o := p.loginAt(ctx, t, guests, ""); !o.in {
			return o.ofGuests(t, guests)
		}
	}
	return found
}

// tryWithout logs in without a token.
func (p *Prober) tryWithout(ctx context.Context, t Target) Finding {
	without := p.login(ctx, t, "")
	switch {
	case without.in && t.Empty:
		return Finding{Host: t.Host, OK: true, Text: "Prosody takes inner tokens, and logins without"}
	case t.Empty && without.where != atToken:
		return without.finding(t)
	case t.Empty:
		return Finding{Host: t.Host, Text: "Prosody refuses who has no token (" + text.Clip(without.said) + ")",
			Mend: "set allow_empty_token = true in Prosody's host and restart Prosody, or take it out of relay"}
	case without.in && !t.GuestsStart:
		return Finding{Host: t.Host, Text: "Prosody lets in who has no token, past the gateway",
			Mend: "take allow_empty_token out of Prosody's host; guests_start lets them in through the gateway"}
	case without.in:
		return Finding{Host: t.Host, OK: true,
			Text: "Prosody takes inner tokens, and logins without, which it need not"}
	}
	return Finding{Host: t.Host, OK: true, Text: "Prosody takes inner tokens, and refuses logins without"}
}

// broken is a token whose signature is none.
func broken(token string) string {
	end := byte('A')
	if token[len(token)-5] == end {
		end = 'B'
	}
	return token[:len(token)-5] + string(end) + token[len(token)-4:]
}
