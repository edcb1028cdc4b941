package auth

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"usher/auth/claim"
	"usher/auth/keys"
	"usher/auth/localpart"
	"usher/internal/panics"
	"usher/metrics"
)

// SubjectMode says what a token's sub must be.
type SubjectMode string

// The subject modes of a host.
const (
	SubjectDomain SubjectMode = "domain" // sub is the host, or "*"
	SubjectTenant SubjectMode = "tenant" // sub is the tenant of the rooms that are joined later, or "*"
	SubjectAny    SubjectMode = "any"    // sub may be absent, and is not compared
)

// DefaultMaxTokenBytes bounds a token's text unless the configuration says
// otherwise.
const DefaultMaxTokenBytes = 8192

// Config is everything that decides about tokens. A Config that was handed to
// [New] or [Verifier.Reload] must not be changed any more.
type Config struct {
	Hosts         map[string]HostConfig // by virtual host, in lower case
	MaxTokenBytes int                   // 0 means DefaultMaxTokenBytes
}

// A HostConfig is the part of one virtual host.
type HostConfig struct {
	Issuers         map[string]IssuerConfig // by iss
	Leeway          time.Duration           // for exp and nbf
	MaxLifetime     time.Duration           // of exp - iat; 0 means no bound
	Subject         SubjectMode             // empty means SubjectDomain
	Account         []claim.Path            // the first that a token has names the account
	UnicodeAccounts bool                    // accounts may go beyond printable ASCII
	Types           []string                // what typ may be besides absent; nil means JWT and at+jwt
	Moderators      []claim.Test            // any of them makes a moderator; nil means [DefaultModerators]
	Relay           *RelayConfig            // its Prosody is given inner tokens; nil: it asks a door
	ServiceAccounts []string                // bare JIDs, nodeprepped, that exist without ever logging in here
}

// An IssuerConfig is the part of one issuer of a host.
type IssuerConfig struct {
	Keys                    keys.Config
	Algorithms              []string
	Audience                []string // empty means any aud, or none; "*" means any
	RequireExp, RequireRoom bool

	// Own says that usher makes the issuer's tokens itself, in Jitsi's own form. Their user is context.user.id, a
	// moderator is who has moderator: true, and the context is as it is, whatever the host's settings read of others'.
	Own bool

	// AccountPrefix begins the accounts that the issuer's tokens name, so that
	// they are no other issuer's ([localpart.CheckPrefix]); empty means that they may
	// name any account that is not under another issuer's prefix.
	AccountPrefix string
}

// Options are the collaborators of a [Verifier]. A nil Log or Metrics is a
// no-op; a nil Now is time.Now; without Sessions no login is remembered,
// and no token can be revoked.
type Options struct {
	Log      *slog.Logger
	Metrics  *metrics.Metrics
	Now      func() time.Time
	Sessions Sessions

	// Panics writes down what the code does not survive; the login is refused.
	Panics *panics.Reporter // nil: nothing is written

	Carrier TicketCarrier // nil: tickets are used here
	Last    Recorder      // of the last logins; nil: none are kept
}

// Check refuses what would make every token, or the wrong one, good. The
// configuration's reader calls it, too, so that the operator meets these with
// line and column.
func (c Config) Check() error {
	var errs []error
	for host, h := range c.Hosts {
		switch h.Subject {
		case "", SubjectDomain, SubjectTenant, SubjectAny:
		default:
			errs = append(errs, fmt.Errorf("host %q: unknown subject mode %q", host, h.Subject))
		}
		if err := c.checkRelay(host, h.Relay); err != nil {
			errs = append(errs, fmt.Errorf("host %q: relay: %w", host, err))
		}
		for id, issuer := range h.Issuers {
			if err := issuer.Check(); err != nil {
				errs = append(errs, fmt.Errorf("host %q: issuer %q: %w", host, id, err))
			}
		}
	}
	return errors.Join(errs...)
}

// checkRelay keeps inner tokens apart: one key is for one host, and no issuer has it.
func (c Config) checkRelay(host string, r *RelayConfig) error {
	switch {
	case r == nil:
		return nil
	case r.Key.IsZero() || r.Issuer == "" || r.Audience == "" || r.TTL <= 0:
		return errors.New("no key, iss, aud or time")
	}
	own := r.Key.Twin()
	for name, h := range c.Hosts {
		if name != host && h.Relay != nil && !h.Relay.Key.IsZero() && h.Relay.Key.Twin().SameMaterial(own) {
			return fmt.Errorf("the key is also that of the relay of host %q", name)
		}
		for id, issuer := range h.Issuers {
			if slices.ContainsFunc(issuer.Keys.Files, own.SameMaterial) {
				return fmt.Errorf("the key is also that of issuer %q of host %q", id, name)
			}
		}
	}
	return nil
}

// Check is the part of one issuer of [Config.Check].
func (c IssuerConfig) Check() error {
	if err := localpart.CheckPrefix(c.AccountPrefix); err != nil {
		return err
	}
	if len(c.Algorithms) == 0 {
		return errors.New("no algorithms")
	}
	for _, name := range c.Algorithms {
		if keys.AlgorithmNamed(name) == nil {
			return fmt.Errorf("unknown algorithm %q", name)
		}
	}
	return c.Keys.Check()
}
