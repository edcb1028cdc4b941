package metrics

import "time"

// A Fetch is how a fetch of an issuer's keys ended.
type Fetch uint8

// The ends of a fetch: the label result of [JWKSFetches].
const (
	FetchSucceeded Fetch = iota + 1
	FetchFailed
	FetchMissing // a key server answered that it has no such key
)

// Fetches is the closed list.
func Fetches() []Fetch { return all(FetchMissing) }

// String returns the label's value.
func (f Fetch) String() string {
	return word(f, []string{FetchSucceeded: "success", FetchFailed: "failure", FetchMissing: "missing"})
}

// A KeyCount is the number of an issuer's keys of one kind.
type KeyCount struct {
	Issuer, Kind string
	N            int
}

// SetKeys replaces the numbers of keys. Counts of the same issuer and kind
// are added up, as several hosts may trust one issuer.
func (m *Metrics) SetKeys(counts []KeyCount) {
	m.mu.Lock()
	defer m.mu.Unlock()
	sums := map[KeyCount]int{}
	for _, c := range counts {
		sums[KeyCount{Issuer: c.Issuer, Kind: c.Kind}] += c.N
	}
	// No Reset: a scrape in between would see an issuer without keys.
	for c, n := range sums {
		m.keys.WithLabelValues(c.Issuer, c.Kind).Set(float64(n))
		m.counted[c] = true
	}
	for c := range m.counted {
		if _, stays := sums[c]; !stays {
			m.keys.DeleteLabelValues(c.Issuer, c.Kind)
			delete(m.counted, c)
		}
	}
}

// Issuers tells which issuers are configured; the series of all others'
// fetches go.
func (m *Metrics) Issuers(names []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	gone := m.issuers
	m.issuers = map[string]bool{}
	for _, name := range names {
		m.issuers[name] = true
		delete(gone, name)
	}
	for name := range gone {
		m.fetchSuccess.DeleteLabelValues(name)
		for _, result := range Fetches() {
			m.fetches.DeleteLabelValues(name, result.String())
		}
	}
}

// Fetched records how a fetch of an issuer's keys ended at the time at.
func (m *Metrics) Fetched(issuer string, result Fetch, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	// A fetch may end after its issuer was removed; the next call of Issuers
	// then finds the name here.
	m.issuers[issuer] = true
	// All exist from the first fetch on: a rate needs a 0 to start from.
	for _, r := range Fetches() {
		m.fetches.WithLabelValues(issuer, r.String())
	}
	m.fetches.WithLabelValues(issuer, result.String()).Inc()
	if result == FetchSucceeded {
		m.fetchSuccess.WithLabelValues(issuer).Set(seconds(at))
	}
}
