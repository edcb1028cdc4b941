package clustertest_test

import (
	"context"
	"testing"
	"time"

	"usher/internal/cluster"
	"usher/internal/cluster/clustertest"
	"usher/moderation"
)

// until waits until something is so, in real time.
func until(b *testing.B, so func() bool) {
	b.Helper()
	for late := time.Now().Add(time.Minute); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			b.Fatal("it takes over a minute")
		}
	}
}

func id(i int) moderation.ID { return moderation.ID{1, byte(i >> 16), byte(i >> 8), byte(i)} }

// started adds and starts a node, and waits until it is fresh.
func started(b *testing.B, w *clustertest.World, name string) *clustertest.Member {
	b.Helper()
	m := w.Add(name, "shard1")
	m.Start()
	until(b, m.Node.Fresh)
	return m
}

// BenchmarkEmptyNode is the time in which a node without anything has the 100,000 sessions of its cell, and is fresh.
// The engine is in memory, and the test's state writes JSON: most of it is that.
func BenchmarkEmptyNode(b *testing.B) {
	const sessions = 100_000
	w := clustertest.NewWorld()
	defer w.Close()
	a := started(b, w, "a")
	for i := range sessions {
		a.Login("a", id(i))
	}
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	if _, err := a.Node.Know(ctx, true, a.Last()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		m := w.Second("a")
		m.Options.Node = "b"
		m.Start()
		until(b, func() bool { return m.Sessions() == sessions && m.Node.Fresh() })
		m.Stop()
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/node")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/sessions, "us/session")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkForeignLogin is the time from a login at one node until it is in the memory of the other, one at a time.
func BenchmarkForeignLogin(b *testing.B) {
	w := clustertest.NewWorld()
	defer w.Close()
	a, other := started(b, w, "a"), started(b, w, "b")
	n := 0
	for b.Loop() {
		n++
		a.Login("a", id(n))
		for other.Sessions() < n {
			if err := other.Merged(b.Context(), n); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkKnow is the time in which a revocation is in the journals of all three nodes, and its command knows that.
func BenchmarkKnow(b *testing.B) {
	w := clustertest.NewWorld()
	defer w.Close()
	a := started(b, w, "a")
	started(b, w, "b")
	started(b, w, "c")
	until(b, func() bool { return len(a.Node.Report().Nodes) == 3 })
	for b.Loop() {
		_, mark := a.Revoke("a", "alice")
		if k, err := a.Node.Know(b.Context(), false, mark); err != nil || len(k.Missing) > 0 {
			b.Fatalf("%v, %v", k, err)
		}
	}
}

// BenchmarkFresh is what a login pays for the cluster.
func BenchmarkFresh(b *testing.B) {
	w := clustertest.NewWorld()
	defer w.Close()
	a := started(b, w, "a")
	b.ReportAllocs()
	for b.Loop() {
		if !a.Node.Fresh() {
			b.Fatal("not fresh")
		}
	}
}

// BenchmarkEntry is what it costs to seal a login, and to open it at another node.
func BenchmarkEntry(b *testing.B) {
	keys := clustertest.NewWorld().Keys
	e := cluster.Entry{Scope: cluster.Cell("shard1"), Node: "a", Incarnation: 1, Number: 1, Time: time.Unix(1, 0),
		Fact: cluster.Fact{Kind: cluster.KindSession, Key: cluster.KeyOf(cluster.KindSession, "x"), Body: make([]byte, 300)}}
	s, err := keys.Seal(&e)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("seal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := keys.Seal(&e); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := keys.Open(e.Scope, &s); err != nil {
				b.Fatal(err)
			}
		}
	})
}
