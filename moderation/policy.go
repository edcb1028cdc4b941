package moderation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/internal/jid"
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
	MUC             []string    // domains of the MUC components
	Breakout        []string    // domains of Jitsi's breakout components
	Guests          []string    // anonymous hosts
	ServiceAccounts []string    // bare JIDs
	Tenants         bool        // a token's sub is the tenant of its rooms (tokens.subject: tenant)
	Others          Affiliation // of token users who are no moderators: Member or None
	OnExpiry        Expiry
	Strict          bool              // owners that no token made are demoted
	Idle            time.Duration     // how long an endless session lasts unused; zero means DefaultIdle
	Lobby           *lobby.Rules      // nil: no lobby
	Issuers         map[string]Bounds // by iss; one that is not there is bound to nothing
	Leeway          time.Duration     // for a token's exp and iat (tokens.leeway)
	MaxLifetime     time.Duration     // of tokens, from iat to exp (tokens.max_lifetime); zero: no bound
	Prefixes        map[string]string // by iss, of every issuer: what its accounts begin with (account_prefix), or empty
}

// A Policy is that of all hosts, made ready and immutable.
type Policy struct {
	hosts   map[string]*Host
	byRoom  map[string]*Host // by domain of a MUC or breakout component
	keyHeld KeyHeld          // of the same configuration; nil: that of [Options]
}

type Host struct {
	HostPolicy
	policy   *Policy // whose rules these are
	breakout map[string]bool
	guests   map[string]bool
	service  map[string]bool
	bounds   map[string]*issuerBounds // of the issuers that are bound
	patterns patterns
}

// NewPolicy makes a policy ready. It is an error if two hosts have the same
// component, as nobody could say whose rooms those are.
func NewPolicy(hosts []HostPolicy) (*Policy, error) {
	p := &Policy{hosts: map[string]*Host{}, byRoom: map[string]*Host{}}
	for _, h := range hosts {
		r := &Host{HostPolicy: h, policy: p, breakout: setOf(h.Breakout), guests: setOf(h.Guests), service: setOf(h.ServiceAccounts)}
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
				return nil, fmt.Errorf("host %q: the component %q is also that of %q", h.Host, domain, p.byRoom[domain].Host)
			}
			p.byRoom[domain] = r
		}
	}
	return p, nil
}

// isMUC reports whether a domain is that of a component for main rooms.
func (h *Host) isMUC(domain string) bool { return slices.Contains(h.MUC, domain) }

func setOf(list []string) map[string]bool {
	set := map[string]bool{}
	for _, s := range list {
		set[s] = true
	}
	return set
}

// claimOf returns what the account claim of an issuer's token says, but for letter
// case, whose account has this localpart.
func (h *Host) claimOf(issuer, local string) (claim string, ok bool) {
	claim, ok = strings.CutPrefix(jid.Unescape(local), h.Prefixes[issuer])
	return claim, ok && claim != ""
}

// times returns those of a host.
func (p *Policy) times(host string) times {
	if h := p.hosts[host]; h != nil {
		return times{h.Leeway, h.Idle}
	}
	return times{0, DefaultIdle}
}

// A Decision is the answer to "may X join R, and as what?".
type Decision struct {
	Allowed     bool
	Reason      Reason
	Detail      string      // for the operator
	Affiliation Affiliation // what the account is to the room by its token; None without one
	Session     *Session    // what it rests on, or nil

	Listed     bool // it rests on the lobby's lists; with a refusal: he is a member, and waits for something else
	Knocks     bool // refused, and to be listed among those who wait
	Waits      bool // refused for the lobby alone
	HeldByRoom bool // refused by the room itself, which only lets members in
}

func refuse(r Reason, format string, args ...any) Decision {
	return Decision{Reason: r, Detail: fmt.Sprintf(format, args...), Affiliation: None}
}

// A judged is a session, and why it does not count, if it does not.
type judged struct {
	*Session
	reason Reason // empty: it counts
	why    string // for the operator
}

// judgeAll asks good about each session. What good wants, such as a lock, this wants.
func judgeAll(grants []*Session, good func(*Session) Reason) []judged {
	list := make([]judged, len(grants))
	for i, g := range grants {
		reason := good(g)
		list[i] = judged{g, reason, g.whyEnded(reason)}
	}
	return list
}

// decide finds the session that decides about a room: of those that open it, the
// one that logged in last. If none does, the reason is that of the last login. It
// may compile regular expressions and wants no lock: of a session it reads what does
// not change.
func (h *Host) decide(grants []judged, room RoomName) Decision {
	best, refused := (*Session)(nil), refuse(ReasonNoSession, "the account has no session; have the client log in with a token first, and look at usher sessions list")
	var latest time.Time
	for _, g := range grants {
		reason, detail := g.reason, g.why
		if reason == "" {
			reason, detail = h.opens(g.Session, room)
		}
		switch {
		case reason == "" && (best == nil || g.LoggedIn.After(best.LoggedIn)):
			best = g.Session
		case reason != "" && !g.LoggedIn.Before(latest):
			latest, refused = g.LoggedIn, refuse(reason, "%s", detail)
		}
	}
	if best == nil {
		return refused
	}
	return Decision{Allowed: true, Reason: ReasonToken, Affiliation: h.affiliation(best), Session: best}
}

// affiliation is what a session makes of somebody in the rooms that it opens.
func (h *Host) affiliation(g *Session) Affiliation {
	if g.Moderator {
		return Owner
	}
	return h.Others
}
