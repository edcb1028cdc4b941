package auth

import (
	"cmp"
	"slices"
	"time"

	"usher/metrics"
)

// A KeyStatus tells where the keys of one issuer come from and how many there
// are, for the status command and the readiness check.
type KeyStatus struct {
	Host, Issuer string
	Source       string    // "files", "jwks" or "asap"
	Keys         int       // that are good now
	LastSuccess  time.Time // of the last fetch; zero for files
	Problem      string    // why the issuer's tokens cannot be verified, or empty
}

// Keys returns the state of all keys, ordered by host, issuer and source.
func (v *Verifier) Keys() []KeyStatus {
	var list []KeyStatus
	for _, h := range v.rules.Load().hosts {
		for _, i := range h.issuers {
			if len(i.Keys) > 0 {
				list = append(list, KeyStatus{Host: h.name, Issuer: i.id, Source: "files", Keys: len(i.Keys)})
			}
			for _, s := range i.sources {
				list = append(list, sourceStatus(h.name, s))
			}
		}
	}
	slices.SortFunc(list, func(a, b KeyStatus) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Issuer, b.Issuer), cmp.Compare(a.Source, b.Source))
	})
	return list
}

func sourceStatus(host string, s *source) KeyStatus {
	st := KeyStatus{Host: host, Issuer: s.issuer, Source: string(s.kind), LastSuccess: s.lastSuccess()}
	set := s.current()
	if set == nil {
		st.Problem = s.problem()
		return st
	}
	st.Keys = len(set.keys)
	return st
}

// CountKeys brings the keys gauge up to date. It is called after a reload,
// and by whoever is about to read the gauges.
func (v *Verifier) CountKeys() {
	var counts []metrics.KeyCount
	var issuers []string
	add := func(issuer string, keys []*Key) {
		for _, k := range keys {
			counts = append(counts, metrics.KeyCount{Issuer: issuer, Kind: k.Kind(), N: 1})
		}
	}
	for _, h := range v.rules.Load().hosts {
		for _, i := range h.issuers {
			issuers = append(issuers, i.id)
			add(i.id, i.Keys)
			for _, s := range i.sources {
				if set := s.current(); set != nil {
					add(i.id, set.keys)
				}
			}
		}
	}
	v.metrics.SetKeys(counts)
	v.metrics.Issuers(issuers)
}
