package ticket

import (
	"testing"
	"time"

	"usher/metrics"
)

// A world is a table with a clock of its own.
type world struct {
	*Table
	m   *metrics.Metrics
	now time.Time
}

func newWorld() *world {
	w := &world{m: metrics.New(""), now: time.Now()}
	w.Table = New(w.m)
	return w
}

func (w *world) record(token string) Record {
	return Record{Host: "meet.example.com", Account: "alice", Token: token, Until: w.now.Add(Lifetime)}
}

func (w *world) issue(t *testing.T, token string, waiting bool) string {
	t.Helper()
	text, ok := w.Issue(w.record(token), waiting, w.now)
	if !ok || !Is(text) {
		t.Fatalf("issued %q, %v", text, ok)
	}
	return text
}

// expect takes a ticket, which must be that of a token, or none.
func (w *world) expect(t *testing.T, text, token string) {
	t.Helper()
	r := w.Take(text, w.now)
	if (r != nil) != (token != "") || r != nil && r.Token != token {
		t.Errorf("%q gave %+v, want the token %q", text, r, token)
	}
	w.check(t)
}

// check compares what the table counts with what it holds.
func (w *world) check(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	n, bytes := 0, 0
	for k, b := range w.byToken {
		if b.byAge.Len() == 0 || b.byAge.Len() > k.most() {
			t.Errorf("a bundle of %d tickets", b.byAge.Len())
		}
		n += b.byAge.Len()
		bytes += len(k.token)
	}
	if n != len(w.bySelector) || n != w.byAge.Len() || bytes != w.bytes || n > Max || bytes > MaxBytes {
		t.Errorf("%d tickets in bundles, %d by selector, %d by age; %d bytes of tokens, %d counted",
			n, len(w.bySelector), w.byAge.Len(), bytes, w.bytes)
	}
}

// counted compares what became of the tickets.
func (w *world) counted(t *testing.T, want map[metrics.TicketResult]float64) {
	t.Helper()
	families, err := w.m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, series := range f.GetMetric() {
			if f.GetName() == metrics.Tickets {
				got[series.GetLabel()[0].GetValue()] = series.GetCounter().GetValue()
			}
		}
	}
	for result, n := range want {
		if got[result.String()] != n {
			t.Errorf("%s: %v, want %v", result, got[result.String()], n)
		}
	}
}
