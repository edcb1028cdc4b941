package sqlite_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"usher/auth"
	"usher/internal/memory"
	"usher/internal/sqlite"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/sessions"
)

// BenchmarkLogin measures what recording a login durably adds to one that is kept in memory, with 100,000 others in the
// state.
func BenchmarkLogin(b *testing.B) {
	durable, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "usher.db"), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = durable.Close() })
	p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: "meet.example.com"}}, nil)
	if err != nil {
		b.Fatal(err)
	}
	var both []*sessions.Sessions
	for _, store := range []sessions.Store{memory.New(), durable} {
		both = append(both, moderationtest.Start(b, store, p, sessions.Options{}))
	}
	next, refused := 0, 0
	login := func(s *sessions.Sessions) time.Duration {
		next++
		id := auth.Identity{Host: "meet.example.com", Account: fmt.Sprint("user", next%100_000), Issuer: "my-app", KeyID: "my-app.secret",
			KeyPrint: "0123456789abcdef0123456789abcdef", TokenPrint: fmt.Sprintf("%032d", next), Rooms: []string{"standup"}, Expires: time.Now().Add(time.Hour)}
		began := time.Now()
		if _, err := s.Record(b.Context(), id); err != nil { // a disk that others use may take longer than a login waits
			b.Log(err)
			refused++
		}
		return time.Since(began)
	}
	for range 100_000 {
		login(both[1])
	}
	took := make([][]time.Duration, 2)
	for b.Loop() {
		for i, s := range both {
			took[i] = append(took[i], login(s))
		}
	}
	for _, list := range took {
		slices.Sort(list)
	}
	at := func(i int, q float64) float64 {
		return float64(took[i][int(q*float64(len(took[i])-1))].Nanoseconds()) / 1000
	}
	b.ReportMetric(at(1, 0.5)-at(0, 0.5), "µs-p50-more")
	b.ReportMetric(at(1, 0.99)-at(0, 0.99), "µs-p99-more")
	b.ReportMetric(at(1, 0.999)-at(0, 0.999), "µs-p99.9-more")
	b.ReportMetric(at(1, 1)/1000, "ms-worst")
	b.ReportMetric(float64(refused), "refused")
	if refused > next/1000 {
		b.Errorf("%d of %d logins were refused", refused, next)
	}
}
