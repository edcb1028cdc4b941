package bustest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/cluster"
)

// testPublish: entries come in their order, and the snapshot has the last about each thing.
func testPublish(t *testing.T, e Engine) {
	b := e.Connect(t)
	list := Entries("a", 7, 1, 5)
	list[1].Field = ""
	list[3].Field = list[0].Field
	publish(t, b, cluster.Global, list[:2]...)
	publish(t, b, cluster.Global, list[2:]...)
	publish(t, b, cluster.Global)
	isLog(t, read(t, b, cluster.Global, ""), list...)
	isSnapshot(t, snapshot(t, b, cluster.Global, "a"), list[2], list[3], list[4])
}

// testRepeat: what is repeated is there once; a new incarnation begins again, and the numbers may have gaps.
func testRepeat(t *testing.T, e Engine) {
	b, other := e.Connect(t), e.Connect(t)
	list := Entries("a", 7, 1, 6)
	publish(t, b, cluster.Global, list[:3]...)
	publish(t, other, cluster.Global, list[:3]...)
	publish(t, b, cluster.Global, list[1:5]...)
	publish(t, b, cluster.Global, list[0])
	isLog(t, read(t, b, cluster.Global, ""), list[:5]...)
	isSnapshot(t, snapshot(t, b, cluster.Global, "a"), list[:5]...)

	again := Entries("a", 3, 1, 9)
	publish(t, b, cluster.Global, again[0], again[4])
	publish(t, b, cluster.Global, again[:5]...)
	publish(t, b, cluster.Global, again[7])
	isLog(t, read(t, b, cluster.Global, ""), slices.Concat(list[:5], []cluster.Sealed{again[0], again[4], again[7]})...)
}

// testOneStep: what several nodes publish at once is in the log in parts that are whole, each as they published it.
func testOneStep(t *testing.T, e Engine) {
	const calls, each = 20, 10
	done := make(chan error)
	nodes := []string{"a", "b", "c"}
	for _, node := range nodes {
		b := e.Connect(t)
		list := Entries(node, 1, 1, calls*each)
		go func() {
			var all error
			for part := range slices.Chunk(list, each) {
				all = errors.Join(all, b.Publish(t.Context(), cluster.Global, part))
			}
			done <- all
		}()
	}
	for range nodes {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	got := read(t, e.Connect(t), cluster.Global, "")
	if len(got) != calls*each*len(nodes) {
		t.Fatalf("%d entries", len(got))
	}
	last := map[string]uint64{}
	for i, v := range got {
		if v.Number != last[v.Node]+1 || i%each > 0 && v.Node != got[i-1].Node {
			t.Fatalf("%s's %d after %d, at %d", v.Node, v.Number, last[v.Node], i)
		}
		last[v.Node] = v.Number
	}
}

// testWrong: what no entry may be is refused, and the rest of the call with it; what is just possible is taken.
func testWrong(t *testing.T, e Engine) {
	b := e.Connect(t)
	for name, spoil := range map[string]func([]cluster.Sealed) []cluster.Sealed{
		"node":        func(v []cluster.Sealed) []cluster.Sealed { v[1].Node = "b"; return v },
		"no node":     func(v []cluster.Sealed) []cluster.Sealed { v[0].Node, v[1].Node = "", ""; return v },
		"brace":       func(v []cluster.Sealed) []cluster.Sealed { v[0].Node, v[1].Node = "{", "{"; return v },
		"incarnation": func(v []cluster.Sealed) []cluster.Sealed { v[1].Incarnation++; return v },
		"none":        func(v []cluster.Sealed) []cluster.Sealed { v[0].Incarnation, v[1].Incarnation = 0, 0; return v },
		"number":      func(v []cluster.Sealed) []cluster.Sealed { v[1].Number = 1; return v },
		"zero":        func(v []cluster.Sealed) []cluster.Sealed { v[0].Number = 0; return v },
		"field":       func(v []cluster.Sealed) []cluster.Sealed { v[1].Field = "a b"; return v },
		"long field":  func(v []cluster.Sealed) []cluster.Sealed { v[1].Field = strings.Repeat("x", 65); return v },
		"drop":        func(v []cluster.Sealed) []cluster.Sealed { v[0].Drop, v[0].Field = true, ""; return v },
		"no value":    func(v []cluster.Sealed) []cluster.Sealed { v[1].Value = nil; return v },
		"value":       func(v []cluster.Sealed) []cluster.Sealed { v[1].Value = make([]byte, cluster.MaxValue+1); return v },
		"many":        func([]cluster.Sealed) []cluster.Sealed { return Entries("a", 1, 1, cluster.MaxPublish+1) },
	} {
		err := b.Publish(t.Context(), cluster.Global, spoil(Entries("a", 1, 1, 2)))
		if !errors.Is(err, cluster.ErrRefused) || errors.Is(err, cluster.ErrAway) {
			t.Errorf("%s: %v", name, err)
		}
	}
	isLog(t, read(t, b, cluster.Global, ""))
	large := Entries("a", 1, 1, cluster.MaxPublish)
	large[0].Value = bytes.Repeat([]byte{0}, cluster.MaxValue)
	large[1].Field = strings.Repeat("x", cluster.MaxField)
	publish(t, b, cluster.Global, large...)
	isLog(t, read(t, b, cluster.Global, ""), large...)
}

// testScopes: each scope has a log, numbers, snapshots and a lease of its own.
func testScopes(t *testing.T, e Engine) {
	b := e.Connect(t)
	scopes := []cluster.Scope{cluster.Global, cluster.Cell("shard1"), cluster.Cell("shard2"), cluster.Cell("g")}
	for i, scope := range scopes {
		list := Entries("a", 1, 1, 3)
		for j := range list {
			list[j].Value = []byte{byte(i), byte(j)}
		}
		publish(t, b, scope, list...)
		lease, err := b.Lease(t.Context(), scope, "a", time.Minute)
		if err != nil || lease.Number == 0 || lease.Holder != "a" {
			t.Errorf("%s: %v, %v", scope, lease, err)
		}
	}
	for i, scope := range scopes {
		got := read(t, b, scope, "")
		if len(got) != 3 || got[0].Value[0] != byte(i) {
			t.Errorf("%s: %v", scope, got)
		}
		isSnapshot(t, snapshot(t, b, scope, "a"), got[0].Sealed, got[1].Sealed, got[2].Sealed)
	}
	if err := b.Forget(t.Context(), scopes[1], "a"); err != nil {
		t.Fatal(err)
	}
	if n := len(snapshot(t, b, scopes[0], "a")); n != 3 {
		t.Errorf("forgotten in one scope, %d left in another", n)
	}
}

// testContextEnded: nothing is done any more for who has gone.
func testContextEnded(t *testing.T, e Engine) {
	b := e.Connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	none := func([]cluster.Sealed) error { return nil }
	_, endErr := b.End(ctx, cluster.Global)
	_, nodesErr := b.Nodes(ctx, cluster.Global)
	_, leaseErr := b.Lease(ctx, cluster.Global, "a", time.Minute)
	for name, err := range map[string]error{
		"Publish":  b.Publish(ctx, cluster.Global, Entries("a", 1, 1, 1)),
		"Follow":   b.Follow(ctx, cluster.Global, "", func(cluster.Batch) error { return nil }),
		"Snapshot": b.Snapshot(ctx, cluster.Global, "a", none),
		"Forget":   b.Forget(ctx, cluster.Global, "a"),
		"End":      endErr, "Nodes": nodesErr, "Lease": leaseErr,
	} {
		if err == nil {
			t.Errorf("%s has no error", name)
		}
	}
	isLog(t, read(t, b, cluster.Global, ""))
}
