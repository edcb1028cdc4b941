package auth

import (
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"usher/auth/claim"
	"usher/auth/keys"
	"usher/auth/localpart"
	"usher/internal/jid"
)

// rules is a Config made ready: immutable, but for its caches. A request
// loads it once; a reload replaces it whole, and the caches die with it.
type rules struct {
	hosts         map[string]*hostRules
	only          *hostRules // the host, if there is just one
	names         []string   // of the hosts, in order
	maxTokenBytes int

	serviceAccounts map[string]bool   // of all hosts, by bare JID
	inner           map[string]string // the hosts of relay keys, by their prints
	headers         headerCache
}

type hostRules struct {
	HostConfig
	name     string
	issuers  map[string]*issuerRules
	cache    cache
	services map[string]bool // localparts of this host that are service accounts, of whatever host of the configuration
	prefixes localpart.Prefixes

	issuerNames []string // in order

	moderators []moderatorClaim
	own        []moderatorClaim // of usher's own tokens
	ownAccount []claim.Path     // likewise
	use        claimUse
}

type issuerRules struct {
	IssuerConfig
	id      string
	allowed map[*keys.Algorithm]bool
	keys    *keys.Set

	unitWarned atomic.Int64 // when warnUnit last wrote a line, in seconds since 1970
}

// newRules has the keys of each issuer made by keysOf.
func newRules(c Config, keysOf func(issuer string, c keys.Config) *keys.Set) *rules {
	r := &rules{hosts: map[string]*hostRules{}, serviceAccounts: map[string]bool{}, inner: map[string]string{},
		maxTokenBytes: c.MaxTokenBytes}
	if r.maxTokenBytes == 0 {
		r.maxTokenBytes = DefaultMaxTokenBytes
	}
	for name, h := range c.Hosts {
		hr := newHostRules(name, h, keysOf)
		for _, account := range h.ServiceAccounts {
			r.serviceAccounts[prepareJID(account)] = true
		}
		if hr.Relay != nil {
			r.inner[hr.Relay.Key.Twin().Thumbprint()] = name
		}
		r.hosts[name], r.only = hr, hr
	}
	for account := range r.serviceAccounts {
		local, domain, _ := strings.Cut(account, "@")
		if h := r.hosts[domain]; h != nil {
			h.services[local] = true
		}
	}
	r.names = slices.Sorted(maps.Keys(r.hosts))
	if len(r.hosts) != 1 {
		r.only = nil
	}
	return r
}

func newHostRules(name string, h HostConfig, keysOf func(issuer string, c keys.Config) *keys.Set) *hostRules {
	r := &hostRules{HostConfig: h, name: name, issuers: map[string]*issuerRules{}, services: map[string]bool{},
		cache: cache{verdicts: noVerdicts()}, issuerNames: slices.Sorted(maps.Keys(h.Issuers))}
	if r.Types == nil {
		r.Types = []string{"JWT", "at+jwt"}
	}
	if r.Moderators == nil {
		r.Moderators = DefaultModerators()
	}
	r.moderators = newModeratorClaims(r.Moderators)
	r.ownAccount = OwnAccount()
	r.own = newModeratorClaims([]claim.Test{{Path: claim.Path{"moderator"}}})
	usual := slices.EqualFunc(r.Moderators, DefaultModerators(), claim.Test.Equal)
	r.use = claimUse{any: new(atomic.Int64), own: !usual}
	if h.Relay != nil {
		relay := *h.Relay
		relay.Host, relay.Tenants = name, h.Subject == SubjectTenant
		r.Relay = &relay
	}
	prefixes := map[string]string{}
	for id, issuer := range h.Issuers {
		r.issuers[id] = newIssuerRules(id, issuer, keysOf(id, issuer.Keys))
		prefixes[id] = issuer.AccountPrefix
	}
	r.prefixes = localpart.NewPrefixes(prefixes)
	return r
}

func newIssuerRules(id string, c IssuerConfig, set *keys.Set) *issuerRules {
	r := &issuerRules{IssuerConfig: c, id: id, allowed: map[*keys.Algorithm]bool{}, keys: set}
	for _, name := range c.Algorithms {
		r.allowed[keys.AlgorithmNamed(name)] = true
	}
	return r
}

// prepareJID returns a bare JID as Prosody spells it, or as it is if it is none.
func prepareJID(text string) string {
	local, domain, _ := strings.Cut(text, "@")
	local, err := jid.Nodeprep(local)
	if err != nil {
		return text
	}
	if domain, err = jid.Nameprep(strings.TrimSuffix(domain, ".")); err != nil {
		return text
	}
	return local + "@" + domain
}

// host returns the rules of a virtual host, or nil.
func (r *rules) host(name string) *hostRules {
	if name == "" {
		return r.only
	}
	return r.hosts[jid.LowerASCII(name)]
}

// issuersOf lists the issuers of each host.
func (r *rules) issuersOf() map[string][]string {
	list := map[string][]string{}
	for name, h := range r.hosts {
		list[name] = h.issuerNames
	}
	return list
}
