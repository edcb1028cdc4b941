package auth

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/internal/text"
	"usher/metrics"
)

// A KeyStatus tells where the keys of one issuer come from and how many there
// are, for the status command and the readiness check.
type KeyStatus struct {
	Host, Issuer string
	Source       string // "files", "jwks" or "asap"
	URL          string // without user name and query; empty for files
	Keys         int    // that are good now
	Names        []string
	LastSuccess  time.Time // of the last fetch; zero for files
	LastFailure  time.Time // of the last fetch, if that failed; else zero
	Failure      string    // why it did
	Problem      string    // why the issuer's tokens cannot be verified, or empty
	Skipped      []string  // what of the source is not used, and why, a line each
}

// maxNames bounds the keys that a status names.
const maxNames = 16

// Keys returns the state of all keys, ordered by host, issuer and source.
func (v *Verifier) Keys() []KeyStatus {
	var list []KeyStatus
	for _, h := range v.rules.Load().hosts {
		for _, i := range h.issuers {
			list = append(list, i.status(h.name)...)
		}
	}
	slices.SortFunc(list, func(a, b KeyStatus) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Issuer, b.Issuer), cmp.Compare(a.Source, b.Source))
	})
	return list
}

func (i *issuerRules) status(host string) (list []KeyStatus) {
	if len(i.Keys) > 0 {
		list = append(list, KeyStatus{Host: host, Issuer: i.id, Source: "files"}.with(&keyset{keys: i.Keys}))
	}
	for _, s := range i.sources {
		list = append(list, s.status(host))
	}
	return list
}

// with adds what is told of a set.
func (st KeyStatus) with(set *keyset) KeyStatus {
	st.Keys, st.Skipped = len(set.keys), set.lines()
	st.Names = text.First(set.names(), maxNames)
	return st
}

func (s *source) status(host string) KeyStatus {
	st := KeyStatus{Host: host, Issuer: s.issuer, Source: string(s.kind), LastSuccess: s.lastSuccess()}
	if s.from != nil {
		st.URL = shownURL(s.from)
	}
	at, failure := s.lastFailure()
	if failure != nil {
		st.Failure, st.LastFailure = failure.Error(), at
	}
	st.Problem = s.problem()
	if set := s.current(); set != nil {
		return st.with(set)
	}
	if useless, ok := errors.AsType[*uselessSetError](failure); ok {
		st.Skipped = useless.lines
	}
	return st
}

// describeSources tells what each key source of the issuer has, for the
// explanation of a token whose key is not found.
func (i *issuerRules) describeSources() string {
	var b strings.Builder
	for _, s := range i.sources {
		st := s.status("")
		fmt.Fprintf(&b, "; %s %s has ", st.Source, st.URL)
		switch {
		case st.Problem != "":
			b.WriteString("no keys: " + st.Problem)
		case st.Keys == 0:
			b.WriteString("no keys yet")
		default:
			fmt.Fprintf(&b, "%d: %s", st.Keys, strings.Join(st.Names, ", "))
		}
		if len(st.Skipped) > 0 {
			b.WriteString(" (left out: " + strings.Join(st.Skipped, "; ") + ")")
		}
	}
	return b.String()
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
