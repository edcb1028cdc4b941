package moderation

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"usher/lobby"
)

// Expiry says what happens to an affiliation when the session it rests on ends
// by itself.
type Expiry string

// The answers of moderation.on_expiry. A revoked session always loses its
// affiliations and its place in the room, one whose key has gone its
// affiliations.
const (
	ExpiryKeep   Expiry = "keep"   // until the room ends
	ExpiryDemote Expiry = "demote" // taken back; the occupant stays
	ExpiryRemove Expiry = "remove" // taken back, and the occupant is removed
)

// DefaultIdle is how long the session of a token without an end lasts after its
// last use.
const DefaultIdle = 24 * time.Hour

// A HostPolicy is what one virtual host's people may do.
type HostPolicy struct {
	Host            string
	MUC             []string // domains of the MUC components
	Breakout        []string // domains of Jitsi's breakout components
	Guests          []string // anonymous hosts
	ServiceAccounts []string // bare JIDs

	// Relay says that Prosody has inner tokens of ours and draws the accounts: a room is
	// started by a token holder that is seen in it, not by one that may join.
	Relay       bool
	LobbyDomain string // of Jitsi's lobby rooms, or empty
	GuestsStart bool   // who has no token may start a room

	Tenants     bool        // a token's sub is the tenant of its rooms (tokens.subject: tenant)
	Others      Affiliation // of token users who are no moderators: Member or None
	OnExpiry    Expiry
	Strict      bool              // owners that no token made are demoted
	Idle        time.Duration     // how long an endless session lasts unused; zero means DefaultIdle
	Lobby       *lobby.Rules      // nil: no lobby
	Issuers     map[string]Bounds // by iss; one that is not there is bound to nothing
	Leeway      time.Duration     // for a token's exp and iat (tokens.leeway)
	MaxLifetime time.Duration     // of tokens, from iat to exp (tokens.max_lifetime); zero: no bound
	Prefixes    map[string]string // by iss, of every issuer: what its accounts begin with (account_prefix), or empty
}

// KeyHeld reports whether a key, known by its thumbprint, still verifies the tokens
// of an issuer.
type KeyHeld func(host, issuer, keyPrint string) bool

// A Policy is that of all hosts, made ready and immutable.
type Policy struct {
	hosts   map[string]*Host
	byRoom  map[string]*Host // by domain of a MUC or breakout component
	byLobby map[string]*Host // by domain of the component for lobby rooms
	keyHeld KeyHeld
}

// NewPolicy makes a policy ready. It is an error if two hosts have the same
// component, as nobody could say whose rooms those are. held is of the same
// configuration: a decision takes the policy once, and is by the rules and the keys of
// one configuration, also in the middle of a reload. A nil one holds every key.
func NewPolicy(hosts []HostPolicy, held KeyHeld) (*Policy, error) {
	if held == nil {
		held = func(string, string, string) bool { return true }
	}
	p := &Policy{hosts: map[string]*Host{}, byRoom: map[string]*Host{}, byLobby: map[string]*Host{}, keyHeld: held}
	for _, h := range hosts {
		r := &Host{HostPolicy: h, policy: p, breakout: setOf(h.Breakout), guests: setOf(h.Guests),
			service: setOf(h.ServiceAccounts), patterns: newPatterns()}
		if r.Others == "" {
			r.Others = Member
		}
		if r.OnExpiry == "" {
			r.OnExpiry = ExpiryKeep
		}
		if r.Idle == 0 {
			r.Idle = DefaultIdle
		}
		if r.Others != Member && r.Others != None {
			return nil, fmt.Errorf("host %q: others cannot be %q", h.Host, r.Others)
		}
		var err error
		if r.bounds, err = boundsOf(h); err != nil {
			return nil, fmt.Errorf("host %q: %w", h.Host, err)
		}
		p.hosts[h.Host] = r
		for _, domain := range slices.Concat(h.MUC, h.Breakout) {
			if p.byRoom[domain] != nil {
				return nil, fmt.Errorf("host %q: the component %q is also that of %q", h.Host, domain,
					p.byRoom[domain].Host)
			}
			p.byRoom[domain] = r
		}
	}
	return p, p.addLobbies()
}

// HoldsKey reports whether a key can still verify the tokens of an issuer. It is known by its
// print.
func (p *Policy) HoldsKey(host, issuer, print string) bool { return p.keyHeld(host, issuer, print) }

// addLobbies makes the components for lobby rooms ready, after the others.
func (p *Policy) addLobbies() error {
	for _, h := range p.hosts {
		switch domain := h.LobbyDomain; {
		case domain == "" || len(h.MUC) == 0:
		case p.byRoom[domain] != nil:
			return fmt.Errorf("host %q: the component %q is for lobby rooms, and also under muc or breakout of %q",
				h.Host, domain, p.byRoom[domain].Host)
		case p.byLobby[domain] != nil:
			return fmt.Errorf("the component %q is for the lobby rooms of two hosts, %q and %q", domain,
				min(h.Host, p.byLobby[domain].Host), max(h.Host, p.byLobby[domain].Host))
		default:
			p.byLobby[domain] = h
		}
	}
	return nil
}

// Host returns the rules of a virtual host, or nil.
func (p *Policy) Host(name string) *Host { return p.hosts[name] }

// Hosts yields the rules of each virtual host, in no order.
func (p *Policy) Hosts() iter.Seq[*Host] { return maps.Values(p.hosts) }

// HostOf returns the rules of the host that has a MUC or breakout component, or nil.
func (p *Policy) HostOf(component string) *Host { return p.byRoom[component] }

// MUCs returns the domains of the MUC components of all hosts, in order.
func (p *Policy) MUCs() []string {
	var list []string
	for _, h := range p.hosts {
		list = append(list, h.MUC...)
	}
	slices.Sort(list)
	return list
}
