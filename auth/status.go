package auth

import (
	"cmp"
	"slices"
	"time"

	"usher/metrics"

	"usher/auth/keys"
)

// A KeyStatus is the state of some keys of one issuer of a host, for the status
// command and the readiness check.
type KeyStatus struct {
	Host string
	keys.Status
}

// Keys returns the state of all keys, ordered by host, issuer and source.
func (v *Verifier) Keys() []KeyStatus {
	var list []KeyStatus
	for _, h := range v.rules.Load().hosts {
		for _, i := range h.issuers {
			for _, st := range i.keys.Status(i.id) {
				list = append(list, KeyStatus{h.name, st})
			}
		}
	}
	slices.SortFunc(list, func(a, b KeyStatus) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Issuer, b.Issuer), cmp.Compare(a.Source, b.Source))
	})
	return list
}

// CountKeys brings the keys gauge up to date. It is called after a reload,
// and by whoever is about to read the gauges.
func (v *Verifier) CountKeys() {
	var counts []metrics.KeyCount
	var issuers []string
	for _, h := range v.rules.Load().hosts {
		for _, i := range h.issuers {
			issuers = append(issuers, i.id)
			for k := range i.keys.All() {
				counts = append(counts, metrics.KeyCount{Issuer: i.id, Kind: k.Kind(), N: 1})
			}
		}
	}
	v.metrics.SetKeys(counts)
	v.metrics.Issuers(issuers)
}

// An UnseenClaim is a claim of moderation.moderators that no token had since a
// time: its name may be misspelt, or the application may not write it.
type UnseenClaim struct {
	Host  string
	Claim string // as the configuration writes it
	Since time.Time
}

// UnseenClaims returns the claims of moderation.moderators that no login of the
// last day had in its token, ordered by host. Of a host without logins, and of
// one that has the default claims, there are none.
func (v *Verifier) UnseenClaims() []UnseenClaim {
	var list []UnseenClaim
	since := v.now().Add(-24 * time.Hour)
	for _, h := range v.rules.Load().hosts {
		if !h.use.own || h.use.any.Load() < since.Unix()/60 {
			continue
		}
		from := since
		if h.use.since.After(from) {
			from = h.use.since
		}
		for i, c := range h.moderators {
			if i < maxCounted && c.last.Load() < since.Unix()/60 {
				list = append(list, UnseenClaim{h.name, c.path.String(), from})
			}
		}
	}
	slices.SortFunc(list, func(a, b UnseenClaim) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Claim, b.Claim))
	})
	return list
}
