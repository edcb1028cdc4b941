package auth

import (
	"iter"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"usher/internal/jid"
)

// rules is a Config made ready: immutable, but for its caches. A request
// loads it once; a reload replaces it whole, and the caches die with it.
type rules struct {
	hosts         map[string]*hostRules
	only          *hostRules // the host, if there is just one
	names         []string   // of the hosts, in order
	maxTokenBytes int

	serviceAccounts map[string]bool // of all hosts, by bare JID
	headers         headerCache
}

type hostRules struct {
	HostConfig
	name     string
	issuers  map[string]*issuerRules
	cache    cache
	services map[string]bool // localparts of this host that are service accounts, of whatever host of the configuration
	prefixes accountPrefixes

	issuerNames []string // in order

	moderators []moderatorClaim
	use        claimUse
}

type issuerRules struct {
	IssuerConfig
	id      string
	allowed map[*algorithm]bool
	sources []*source

	unitWarned atomic.Int64 // when warnUnit last wrote a line, in seconds since 1970
}

// newRules takes over the source of an issuer that had it before, so that a
// reload forgets no key that was fetched.
func newRules(c Config, sourceFor func(sourceID) *source) *rules {
	r := &rules{hosts: map[string]*hostRules{}, serviceAccounts: map[string]bool{}, maxTokenBytes: c.MaxTokenBytes}
	if r.maxTokenBytes == 0 {
		r.maxTokenBytes = DefaultMaxTokenBytes
	}
	for name, h := range c.Hosts {
		hr := &hostRules{HostConfig: h, name: name, issuers: map[string]*issuerRules{}, services: map[string]bool{}}
		hr.prefixes, hr.issuerNames = newAccountPrefixes(h.Issuers), slices.Sorted(maps.Keys(h.Issuers))
		if hr.Types == nil {
			hr.Types = []string{"JWT", "at+jwt"}
		}
		if hr.Moderators == nil {
			hr.Moderators = DefaultModerators()
		}
		hr.moderators = newModeratorClaims(hr.Moderators)
		hr.use = claimUse{any: new(atomic.Int64), own: !slices.EqualFunc(hr.Moderators, DefaultModerators(), ClaimTest.equal)}
		for id, issuer := range h.Issuers {
			hr.issuers[id] = newIssuerRules(id, issuer, sourceFor)
		}
		for _, account := range h.ServiceAccounts {
			r.serviceAccounts[prepareJID(account)] = true
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

func newIssuerRules(id string, c IssuerConfig, sourceFor func(sourceID) *source) *issuerRules {
	r := &issuerRules{IssuerConfig: c, id: id, allowed: map[*algorithm]bool{}}
	for _, name := range c.Algorithms {
		r.allowed[algorithmNamed(name)] = true
	}
	if c.JWKSURL != "" {
		r.sources = append(r.sources, sourceFor(sourceID{id, sourceJWKS, c.JWKSURL, c.trust()}))
	}
	if c.ASAPURL != "" {
		r.sources = append(r.sources, sourceFor(sourceID{id, sourceASAP, c.ASAPURL, c.trust()}))
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

// MaxTried bounds the signatures that one token may cost.
const MaxTried = 8

// candidates appends the keys that may have signed a token of this header, a
// handful at most. Those that have the token's kid come first, so that keys
// without one cannot take their places.
func (i *issuerRules) candidates(keys []*Key, h *header) []*Key {
	for _, named := range []bool{true, false} {
		if named && h.kid == "" {
			continue
		}
		keys = appendFitting(keys, i.Keys, h, named)
		for _, s := range i.sources {
			if set := s.current(); set != nil {
				keys = appendFitting(keys, set.keys, h, named)
			}
		}
	}
	return keys
}

func appendFitting(keys, from []*Key, h *header, named bool) []*Key {
	for _, k := range from {
		if len(keys) < MaxTried && (h.kid != "" && k.id == h.kid) == named && k.fits(h.alg, h.kid) {
			keys = append(keys, k)
		}
	}
	return keys
}

// keys yields all keys of the issuer that are there now.
func (i *issuerRules) keys() iter.Seq[*Key] {
	return func(yield func(*Key) bool) {
		for _, k := range i.Keys {
			if !yield(k) {
				return
			}
		}
		for _, s := range i.sources {
			if set := s.current(); set != nil {
				for _, k := range set.keys {
					if !yield(k) {
						return
					}
				}
			}
		}
	}
}

// want asks every source of the issuer for a kid that no key has. It never
// waits.
func (i *issuerRules) want(kid string) lookup {
	var all lookup
	for n, s := range i.sources {
		l := s.want(kid)
		all.pending, all.trouble = all.pending || l.pending, all.trouble || l.trouble
		if n > 0 {
			all.detail += "; "
		}
		all.detail += l.detail
	}
	return all
}

// holds reports whether key can still verify for the issuer. Keys are made
// once, so the pointer is the key.
func (i *issuerRules) holds(key *Key) bool {
	if slices.Contains(i.Keys, key) {
		return true
	}
	for _, s := range i.sources {
		if set := s.current(); set != nil && set.holds(key) {
			return true
		}
	}
	return false
}

// holdsPrint is holds for a key of which only the print was kept: a reload
// makes new keys of the same files. A source that was not reached since the
// start may have it, and so may a key server that is asked for one key at a
// time: what nobody knows to be gone is held.
func (i *issuerRules) holdsPrint(print string) bool {
	same := func(k *Key) bool { return k.print == print }
	if slices.ContainsFunc(i.Keys, same) {
		return true
	}
	for _, s := range i.sources {
		set := s.current()
		if set == nil || s.kind == sourceASAP || slices.ContainsFunc(set.keys, same) {
			return true
		}
	}
	return false
}

func (s *keyset) holds(key *Key) bool {
	return slices.Contains(s.keys, key)
}

// instant turns a NumericDate (RFC 7519 section 2) into a time. A number
// beyond every calendar is as far away as time.Time can compare.
func instant(seconds float64) time.Time {
	seconds = min(max(seconds, -mostSeconds), mostSeconds)
	whole := int64(seconds)
	return time.Unix(whole, int64((seconds-float64(whole))*1e9))
}
