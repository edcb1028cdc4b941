package oidc

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/sync/semaphore"

	"usher/auth/keys/fetch"
	"usher/internal/logattr"
	"usher/internal/panics"
	"usher/internal/text"
)

const (
	exchanges      = 10              // codes that are exchanged at once
	ExchangeWithin = 5 * time.Second // is for one of them, its wait for a place included
	maxAnswer      = 256 << 10       // bytes of an answer with tokens
	maxIDToken     = 16 << 10        // bytes

	again      = 5 * time.Second // after a first failure; doubled up to mostAgain
	mostAgain  = time.Minute
	freshFor   = time.Hour
	leastFresh = 5 * time.Minute
)

// Config says who a provider is, and who usher is there. It is comparable: one that is the same is the same provider.
type Config struct {
	Issuer       string // as it calls itself ([CheckIssuer])
	ClientID     string
	Secret       string // empty: a public client
	Scopes       string // with spaces between
	CA           string // PEM, believed instead of the system's; or empty
	InsecureHTTP bool   // http also to other machines
}

// GoString keeps the secret out of a %#v.
func (c Config) GoString() string { return c.String() }

// String keeps the secret out of a %v.
func (c Config) String() string { return "oidc.Config(" + c.Issuer + ")" }

// LogValue keeps the secret out of every log.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// A Provider is one that people are sent to. It is safe for concurrent use.
type Provider struct {
	Config
	log   *slog.Logger
	now   func() time.Time
	known func() // is called when the metadata have changed

	panics *panics.Reporter // nil: nothing is written

	transport http.RoundTripper
	places    *semaphore.Weighted
	metadata  atomic.Pointer[Metadata]

	mu      sync.Mutex
	failure error
	failed  time.Time
	success time.Time
}

// Options are the collaborators of a [Provider]; all must be set but Roots.
type Options struct {
	Log   *slog.Logger
	Now   func() time.Time
	Known func()         // is called, by Run, when the metadata have changed
	Roots *x509.CertPool // of Config.CA; nil: the system's

	Panics *panics.Reporter // nil: nothing is written
}

// New returns a provider that nothing is known of before [Provider.Run] runs.
func New(c Config, o Options) (*Provider, error) {
	if err := CheckIssuer(c.Issuer, c.InsecureHTTP); err != nil {
		return nil, err
	}
	return &Provider{Config: c, log: o.Log, now: o.Now, known: o.Known, panics: o.Panics,
		places: semaphore.NewWeighted(exchanges),
		transport: byScheme{
			"http":  fetch.NewTransport("http", c.InsecureHTTP, o.Roots),
			"https": fetch.NewTransport("https", c.InsecureHTTP, o.Roots),
		}}, nil
}

// Look asks a provider once what it says of itself. The error is why nobody could sign in there; "; " and how to mend
// it may follow. The roots are those of Config.CA; nil: the system's.
func Look(ctx context.Context, c Config, roots *x509.CertPool) error {
	p, err := New(c, Options{Now: time.Now, Known: func() {}, Roots: roots})
	if err != nil {
		return err
	}
	_, err = p.discover(ctx)
	return err
}

// byScheme dials where an address of its scheme may lead: the endpoints of one provider may have both.
type byScheme map[string]http.RoundTripper

func (t byScheme) RoundTrip(r *http.Request) (*http.Response, error) {
	if of := t[r.URL.Scheme]; of != nil {
		return of.RoundTrip(r)
	}
	return nil, errors.New("neither http nor https")
}

// Metadata returns what is known of the provider; nil if nothing is.
func (p *Provider) Metadata() *Metadata { return p.metadata.Load() }

// A Health is how the last question for the metadata ended.
type Health struct {
	Known   bool // there are metadata, perhaps old ones
	Failure string
	Failed  time.Time // of the last question, if it failed
	Success time.Time
}

// Health returns how it stands with the provider.
func (p *Provider) Health() Health {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Health{Known: p.Metadata() != nil, Success: p.success}
	if p.failure != nil {
		s.Failure, s.Failed = p.failure.Error(), p.failed
	}
	return s
}

// Run keeps the metadata fresh until ctx ends. Old ones stay while the provider cannot be asked.
func (p *Provider) Run(ctx context.Context) {
	wait := again
	for {
		next, err := p.discover(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			p.log.LogAttrs(ctx, slog.LevelWarn, "the provider of the sign-in gives no metadata",
				slog.String("issuer", text.Name(p.Issuer)), logattr.Err(err), slog.Bool("old_metadata", p.Metadata() != nil),
				slog.Duration("again_in", wait))
			next = wait
			wait = min(2*wait, mostAgain)
		} else {
			wait = again
		}
		timer := time.NewTimer(next + rand.N(next/10))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// discover asks once, and returns how long the answer is fresh.
func (p *Provider) discover(ctx context.Context) (fresh time.Duration, err error) {
	from, err := url.Parse(strings.TrimSuffix(p.Issuer, "/") + wellKnown)
	if err != nil {
		return 0, errors.New("its issuer is no URL")
	}
	m, fresh, err := p.ask(ctx, from)
	p.note(ctx, err)
	if err != nil {
		return 0, err
	}
	if old := p.metadata.Swap(m); old == nil || *old != *m {
		p.known()
	}
	return min(max(fresh, leastFresh), freshFor), nil
}

// errPanic is in the place of what a panic would have returned; the log has its own line.
var errPanic = errors.New("a panic, which the log describes")

// ask fetches the metadata. A panic is an error like any other: old ones stay, and it is asked for again.
func (p *Provider) ask(ctx context.Context, from *url.URL) (m *Metadata, fresh time.Duration, err error) {
	defer p.panics.Recover("signin", "metadata", func() { m, err = nil, errPanic })
	f := fetch.Fetcher{Transport: p.transport, Accept: "application/json"}
	answer, err := f.Get(ctx, from)
	if status, ok := errors.AsType[fetch.StatusError](err); ok {
		return nil, 0, fmt.Errorf("%w to %s", status, from)
	}
	if err != nil {
		return nil, 0, err
	}
	m, err = parseMetadata(answer.Body, &p.Config)
	return m, answer.Fresh, err
}

func (p *Provider) note(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failure = err; err != nil {
		p.failed = p.now()
		return
	}
	p.success = p.now()
}

// A Request is what a person is sent to the provider with.
type Request struct {
	Redirect string // where the provider sends the person back to
	State    string
	Nonce    string
	Verifier string // of PKCE
}

// NewVerifier draws the verifier of a request.
func NewVerifier() string { return oauth2.GenerateVerifier() }

// client is usher at the provider.
func (p *Provider) client(m *Metadata, redirect string) *oauth2.Config {
	style := oauth2.AuthStyleInHeader
	if m.SecretPost || p.Secret == "" {
		style = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.Secret, RedirectURL: redirect, Scopes: strings.Fields(p.Scopes),
		Endpoint: oauth2.Endpoint{AuthURL: m.Authorization, TokenURL: m.Token, AuthStyle: style},
	}
}

// SignIn returns where a person is sent.
func (p *Provider) SignIn(m *Metadata, r Request) string {
	return p.client(m, r.Redirect).AuthCodeURL(r.State, oauth2.S256ChallengeOption(r.Verifier),
		oauth2.SetAuthURLParam("nonce", r.Nonce))
}

// SignOut returns where a person is sent to sign out there, and from there back to; empty: the provider has no such
// address. No token is in it: the person is known there by the browser.
func (p *Provider) SignOut(m *Metadata, back string) string {
	if m.EndSession == "" {
		return ""
	}
	u, err := url.Parse(m.EndSession)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("client_id", p.ClientID)
	q.Set("post_logout_redirect_uri", back)
	u.RawQuery = q.Encode()
	return u.String()
}

// A RefusedError is the provider's no to a code, in its own word (RFC 6749 section 5.2).
type RefusedError struct{ Word string }

func (e *RefusedError) Error() string {
	return fmt.Sprintf("the provider does not take the code: %q", text.Name(e.Word))
}

// Exchange exchanges a code for the ID token of the person that brought it. The error is a [*RefusedError] where
// the provider says no; any other means that it cannot be told.
func (p *Provider) Exchange(ctx context.Context, m *Metadata, code string, r Request) (idToken string, err error) {
	if err := p.places.Acquire(ctx, 1); err != nil {
		return "", errors.New("too many sign-ins wait for the provider")
	}
	defer p.places.Release(1)
	client := &http.Client{Transport: bounded{p.transport}, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // the code and the secret are for the provider alone
	}}
	token, err := p.client(m, r.Redirect).Exchange(context.WithValue(ctx, oauth2.HTTPClient, client), code,
		oauth2.VerifierOption(r.Verifier))
	if err != nil {
		return "", p.plain(ctx, m, err)
	}
	idToken, _ = token.Extra("id_token").(string)
	switch {
	case idToken == "":
		return "", errors.New("the provider's answer has no ID token; is openid among scopes?")
	case len(idToken) > maxIDToken:
		return "", fmt.Errorf("the ID token has %d bytes; %d are the most", len(idToken), maxIDToken)
	}
	return idToken, nil
}

// plain is an error without the provider's own text, in which there may be a code or a token.
func (p *Provider) plain(ctx context.Context, m *Metadata, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("the provider gives no complete answer within %v", ExchangeWithin)
	}
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		status := refused.Response.StatusCode
		switch {
		case status >= 500 || status == http.StatusTooManyRequests || status >= 300 && status < 400:
			return fmt.Errorf("the provider answers %d to a code", status)
		case refused.ErrorCode == "":
			return &RefusedError{fmt.Sprintf("HTTP %d", status)}
		}
		return &RefusedError{refused.ErrorCode}
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		scheme, _, _ := strings.Cut(m.Token, ":")
		return fetch.ClipError(fetch.PlainError(scheme, failed.Err))
	}
	return errors.New("the provider's answer to a code cannot be read")
}

// bounded cuts the bodies that it hands on, and hangs up where there is more.
type bounded struct{ http.RoundTripper }

var errTooLong = fmt.Errorf("more than %d bytes", maxAnswer)

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if resp.ContentLength > maxAnswer {
		resp.Body.Close()
		return nil, errTooLong
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	return resp, nil
}
