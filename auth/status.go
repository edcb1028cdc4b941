package auth

import (
	"cmp"
	"slices"
	"time"

	"usher/auth/keys"
	"usher/metrics"
)

// A KeyStatus is the state of some keys of one issuer of a host, for the status
// command and the readiness check.
type KeyStatus struct {
	Host string
	keys.Status
}

func (r *rules) keyStatus() []KeyStatus {
	var list []KeyStatus
	for _, h := range r.hosts {
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

// countKeys returns each key that is there now, and the issuers of all hosts.
func (r *rules) countKeys() (counts []metrics.KeyCount, issuers []string) {
	for _, h := range r.hosts {
		for _, i := range h.issuers {
			issuers = append(issuers, i.id)
			for k := range i.keys.All() {
				counts = append(counts, metrics.KeyCount{Issuer: i.id, Kind: k.Kind(), N: 1})
			}
		}
	}
	return counts, issuers
}

// An UnseenClaim is a claim of moderation.moderators that no token had since a
// time: its name may be misspelt, or the application may not write it.
type UnseenClaim struct {
	Host  string
	Claim string // as the configuration writes it
	Since time.Time
}

func (r *rules) unseenClaims(now time.Time) []UnseenClaim {
	var list []UnseenClaim
	since := now.Add(-24 * time.Hour)
	for _, h := range r.hosts {
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
