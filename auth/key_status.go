package auth

import (
	"cmp"
	"slices"

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
