package relayauth

import (
	"context"
	"time"

	"usher/auth"
)

// A Verifier knows tokens, and counts and logs each decision: [auth.Verifier].
type Verifier interface {
	// DecideRelay runs the checks over the credentials of a relay host.
	DecideRelay(c *auth.Credentials) auth.Decision
	// Conclude counts and logs a decision. The error is the decision's refusal.
	Conclude(ctx context.Context, allowed string, c *auth.Credentials, d *auth.Decision, took time.Duration) error
	// Relay returns a host's name as configured, and its relay, or nil.
	Relay(host string) (name string, c *auth.RelayConfig)
	// Record remembers a login, and Revoked refuses one whose token was revoked.
	Record(ctx context.Context, id auth.Identity) *auth.Refusal
	Revoked(id auth.Identity) *auth.Refusal
	// HoldsKey reports whether a key still verifies the tokens of an issuer.
	HoldsKey(host, issuer, keyPrint string) bool
}

// Logins are those of the hosts with a relay. They are safe for concurrent use.
type Logins struct {
	verifier Verifier
	streams  Streams
	rights   Rights
	now      func() time.Time
}

// Options are the collaborators of [Logins].
type Options struct {
	Streams Streams          // nil: none is resumed
	Rights  Rights           // nil: a session has what its token says
	Now     func() time.Time // nil: time.Now
}

// New returns the logins of the relay hosts whose rules a verifier has.
func New(v Verifier, o Options) *Logins {
	l := &Logins{verifier: v, streams: o.Streams, rights: o.Rights, now: o.Now}
	if l.streams == nil {
		l.streams = noStreams{}
	}
	if l.rights == nil {
		l.rights = noStreams{}
	}
	if l.now == nil {
		l.now = time.Now
	}
	return l
}

// noStreams remember nothing, and know that each session has what its token says.
type noStreams struct{}

func (noStreams) Await(context.Context) error { return nil }

func (noStreams) RememberStream(context.Context, Stream, string) error { return nil }

func (noStreams) StreamOf(string, string) (Stream, bool) { return Stream{}, false }

func (noStreams) EndStream(string, string, bool) {}

func (noStreams) Rights(string, string, string) (moderator, counts bool) { return true, true }

// A host is a name as configured, and the relay there, or nil.
type host struct {
	name  string
	relay *auth.RelayConfig
}

func (s *Logins) hostOf(name string) host {
	name, relay := s.verifier.Relay(name)
	return host{name, relay}
}
