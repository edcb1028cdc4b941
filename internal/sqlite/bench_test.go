package sqlite_test

import (
	"encoding/binary"
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

	"golang.org/x/sys/unix"
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

// BenchmarkOpen measures how long a start waits for the state before it can answer: from opening it to knowing all
// revocations, after a kill -9, with 10,000 revocations and 100,000 sessions, 1,000 of which only the journal has.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "usher.db")
	s, err := sqlite.Open(b.Context(), path, nil)
	if err != nil {
		b.Fatal(err)
	}
	put := func(c sessions.Change) {
		if err := s.Apply(b.Context(), c); err != nil {
			b.Fatal(err)
		}
	}
	for i := range 100_000 {
		if i%10 == 0 {
			put(sessions.Change{PutRevocation: &moderation.Revocation{Host: "meet.example.com", Issuer: "my-app",
				User: fmt.Sprint("user", i), At: time.Now(), Accounts: []string{fmt.Sprint("user", i, "@meet.example.com")}}})
		}
		if i == 99_000 {
			if _, _, err := s.LoadRooms(b.Context()); err != nil { // the file has what was before
				b.Fatal(err)
			}
		}
		g := &moderation.Session{Host: "meet.example.com", Account: fmt.Sprint("user", i), Issuer: "my-app",
			KeyPrint: "0123456789abcdef0123456789abcdef", TokenPrint: fmt.Sprintf("%032d", i), Rooms: []string{"standup"},
			LoggedIn: time.Now(), Used: time.Now(), Expires: time.Now().Add(time.Hour)}
		binary.BigEndian.PutUint64(g.ID[:], uint64(i))
		put(sessions.Change{PutSession: g})
	}
	killed := dead(b, path)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	var took, all time.Duration
	for b.Loop() {
		path := dead(b, killed)
		unix.Sync() // or else the start's own waits for the copy
		began := time.Now()
		s, err := sqlite.Open(b.Context(), path, nil)
		if err != nil {
			b.Fatal(err)
		}
		list, err := s.LoadRevocations(b.Context())
		took += time.Since(began)
		if err != nil || len(list) != 10_000 {
			b.Fatalf("%d revocations, %v", len(list), err)
		}
		n := 0
		for _, err := range s.Sessions(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if all += time.Since(began); n != 100_000 {
			b.Fatalf("%d sessions", n)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(took.Microseconds())/1000/float64(b.N), "ms-to-revocations")
	b.ReportMetric(float64(all.Microseconds())/1000/float64(b.N), "ms-to-sessions")
}
