package access

import (
	"net/netip"
	"time"

	"usher/internal/bounded"
	"usher/internal/ratelimit"
)

// How often one address may fail to get in: so many times at once, then one for each so long.
const (
	failuresAtOnce = 10
	failureEvery   = 6 * time.Second
	maxSources     = 4096
)

func failureRate() ratelimit.Rate { return ratelimit.Rate{Burst: failuresAtOnce, Every: failureEvery} }

// failures are the addresses that failed lately, each with the time from when on it may fail as often as any.
type failures = bounded.Map[netip.Prefix, time.Time]

func newFailures() failures { return failures{Most: maxSources, Before: time.Time.Before} }

// MayTry reports whether an address, or the network that counts as one, may try to get in. The zero value is one that
// is not known; those are not told apart, and not held back.
func (s *State) MayTry(from netip.Prefix) bool {
	if !from.IsValid() {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	full, _ := s.failures.Get(from)
	_, may := failureRate().Take(full, s.now())
	return may
}

// Failed counts that an address did not get in.
func (s *State) Failed(from netip.Prefix) {
	if !from.IsValid() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	full, _ := s.failures.Get(from)
	if next, may := failureRate().Take(full, s.now()); may {
		s.failures.Put(from, next)
	}
}
