package gatewaytest

import (
	"strings"
	"sync"
	"testing"

	"usher/metrics"
)

// Log is a log that tests can read while it is written.
type Log struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements [io.Writer].
func (b *Log) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String returns what was written so far.
func (b *Log) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// Discreet wants a log to hold no token, no ticket and no query.
func (b *Log) Discreet(t testing.TB) {
	t.Helper()
	for _, word := range []string{SecretWord, TicketText, SecretRoom} {
		if text := b.String(); strings.Contains(text, word) {
			t.Errorf("the log has %q in it:\n%s", word, text)
		}
	}
}

// Value returns the value of a series with one label, -1 if there is none.
func Value(t testing.TB, m *metrics.Metrics, name, label string) float64 {
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, one := range f.GetMetric() {
			if f.GetName() == name && len(one.GetLabel()) == 1 && one.GetLabel()[0].GetValue() == label {
				return one.GetCounter().GetValue() + one.GetGauge().GetValue()
			}
		}
	}
	return -1
}
