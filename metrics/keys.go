package metrics

import "time"

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
	m.keys.Reset()
	for _, c := range counts {
		m.keys.WithLabelValues(c.Issuer, c.Kind).Add(float64(c.N))
	}
}

// Issuers tells which issuers are configured; the series of all others go.
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
		for _, result := range []string{fetchSucceeded, fetchFailed} {
			m.fetches.DeleteLabelValues(name, result)
		}
	}
}

const (
	fetchSucceeded = "success"
	fetchFailed    = "failure"
)

// Fetched records the end of a fetch of an issuer's keys.
func (m *Metrics) Fetched(issuer string, ok bool, at time.Time) {
	if !ok {
		m.fetches.WithLabelValues(issuer, fetchFailed).Inc()
		return
	}
	m.fetches.WithLabelValues(issuer, fetchSucceeded).Inc()
	m.fetchSuccess.WithLabelValues(issuer).Set(seconds(at))
}
