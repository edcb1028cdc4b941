package redis_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/e2e/redis"
	"usher/e2e/redis/redistest"
	"usher/internal/cluster"
	"usher/internal/cluster/bustest"
	bus "usher/internal/redis"
)

// BenchmarkBus measures how long it takes from the beginning of a call until another node has what was published, on
// one server, with the sizes of a login and of a revocation.
func BenchmarkBus(b *testing.B) {
	s := redistest.Start(b, redis.Config{Lines: []string{"appendonly yes", "appendfsync everysec"}})
	for name, size := range map[string]int{"login": 400, "revocation": 120} {
		b.Run(name, func(b *testing.B) { benchArrivals(b, s, size) })
	}
}

func benchArrivals(b *testing.B, s *redis.Server, size int) {
	if _, err := s.CLI(b.Context(), "FLUSHALL"); err != nil {
		b.Fatal(err)
	}
	from, to := connect(b, bus.Options{Address: s.Address()}), connect(b, bus.Options{Address: s.Address()})
	ctx, cancel := context.WithCancel(b.Context())
	arrived, done := make(chan uint64, 1), make(chan error, 1)
	go func() {
		done <- to.Follow(ctx, cluster.Global, "", func(batch cluster.Batch) error {
			for _, v := range batch.Entries {
				arrived <- v.Number
			}
			return nil
		})
	}()
	defer func() {
		cancel()
		<-done
	}()
	entry := bustest.Entries("a", 1, 1, 1)
	entry[0].Value = []byte(strings.Repeat("x", size))
	var times []time.Duration
	for b.Loop() {
		begin := time.Now()
		if err := from.Publish(b.Context(), cluster.Global, entry); err != nil {
			b.Fatal(err)
		}
		<-arrived
		times = append(times, time.Since(begin))
		entry[0].Number++
		time.Sleep(time.Millisecond) // as logins come one after the other
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(0, "ns/op") // it has the pause in it
}

// BenchmarkSnapshot measures how long it takes to read what a node left that had 100,000 sessions.
func BenchmarkSnapshot(b *testing.B) {
	const n = 100_000
	s := redistest.Start(b, redis.Config{Lines: []string{`save ""`}})
	node := connect(b, bus.Options{Address: s.Address()})
	all := bustest.Entries("many", 1, 1, n)
	for i := range all {
		all[i].Value = []byte(strings.Repeat("x", 400))
	}
	for part := range slices.Chunk(all, cluster.MaxPublish) {
		if err := node.Publish(b.Context(), cluster.Global, part); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		read := 0
		err := node.Snapshot(b.Context(), cluster.Global, "many", func(part []cluster.Sealed) error {
			read += len(part)
			return nil
		})
		if err != nil || read < n {
			b.Fatal(read, err)
		}
	}
}
