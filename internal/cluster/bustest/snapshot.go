package bustest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"usher/internal/cluster"
)

// testSnapshot: nodes have snapshots apart from each other; of one that is not there is nothing.
func testSnapshot(t *testing.T, e Engine) {
	b := e.Connect(t)
	a, c := Entries("a", 1, 1, 2), Entries("node-2.example.com", 9, 1, 3)
	onlyLog := Entries("log", 1, 1, 1)
	onlyLog[0].Field = ""
	publish(t, b, cluster.Global, a...)
	publish(t, b, cluster.Global, c...)
	publish(t, b, cluster.Global, onlyLog...)
	isSnapshot(t, snapshot(t, b, cluster.Global, "a"), a...)
	isSnapshot(t, snapshot(t, b, cluster.Global, "node-2.example.com"), c...)
	isSnapshot(t, snapshot(t, b, cluster.Global, "nobody"))
	isSnapshot(t, snapshot(t, b, cluster.Global, "log"))
	names, err := b.Nodes(t.Context(), cluster.Global)
	if err != nil || !slices.Equal(names, []string{"a", "node-2.example.com"}) {
		t.Errorf("%v, %v", names, err)
	}
	if err := b.Snapshot(t.Context(), cluster.Global, "a", func([]cluster.Sealed) error { return errEnough }); !errors.Is(
		err, errEnough) {
		t.Errorf("the reader's error became %v", err)
	}
}

// testSnapshotOfMany: a large snapshot comes whole, in portions.
func testSnapshotOfMany(t *testing.T, e Engine) {
	b := e.Connect(t)
	var list []cluster.Sealed
	for i := range 6 {
		part := Entries("a", 1, uint64(1+i*cluster.MaxPublish), cluster.MaxPublish)
		publish(t, b, cluster.Global, part...)
		list = append(list, part...)
	}
	isSnapshot(t, snapshot(t, b, cluster.Global, "a"), list...)
	err := b.Snapshot(t.Context(), cluster.Global, "a", func(part []cluster.Sealed) error {
		if len(part) == len(list) {
			t.Error("all of it came at once")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// testDrop: what drops a field is in the log, and the snapshot no longer has the field; the last one takes the node
// with it, and its numbers stay known.
func testDrop(t *testing.T, e Engine) {
	b := e.Connect(t)
	list := Entries("a", 1, 1, 5)
	list[2].Field, list[2].Drop = list[0].Field, true
	list[3].Field, list[3].Drop = "never-there", true
	list[4].Field, list[4].Drop = list[1].Field, true
	publish(t, b, cluster.Global, list[:4]...)
	isSnapshot(t, snapshot(t, b, cluster.Global, "a"), list[1])
	publish(t, b, cluster.Global, list[4])
	isSnapshot(t, snapshot(t, b, cluster.Global, "a"))
	publish(t, b, cluster.Global, list...)
	isLog(t, read(t, b, cluster.Global, ""), list...)
	if names, err := b.Nodes(t.Context(), cluster.Global); err != nil || len(names) != 0 {
		t.Errorf("%v, %v", names, err)
	}
}

// testCatchUp: the end, then the snapshots, then the log from that end miss nothing of what is written meanwhile.
func testCatchUp(t *testing.T, e Engine) {
	b, writer := e.Connect(t), e.Connect(t)
	const n = 400
	wrote := make(chan error)
	go func() {
		var all error
		for _, v := range Entries("a", 1, 1, n) {
			all = errors.Join(all, writer.Publish(t.Context(), cluster.Global, []cluster.Sealed{v}))
		}
		wrote <- all
	}()
	from := end(t, b, cluster.Global)
	seen := snapshot(t, b, cluster.Global, "a")
	if err := <-wrote; err != nil {
		t.Fatal(err)
	}
	for _, v := range read(t, b, cluster.Global, from) {
		seen[v.Field] = v.Sealed
	}
	isSnapshot(t, seen, Entries("a", 1, 1, n)...)
}

// testForget: a node that is forgotten has no snapshot; what the log says of it stays, and it may come back.
func testForget(t *testing.T, e Engine) {
	b := e.Connect(t)
	list := Entries("a", 1, 1, 3)
	publish(t, b, cluster.Global, list[:2]...)
	for range 2 {
		if err := b.Forget(t.Context(), cluster.Global, "a"); err != nil {
			t.Fatal(err)
		}
	}
	isSnapshot(t, snapshot(t, b, cluster.Global, "a"))
	if names, err := b.Nodes(t.Context(), cluster.Global); err != nil || len(names) != 0 {
		t.Errorf("%v, %v", names, err)
	}
	publish(t, b, cluster.Global, list[2])
	isLog(t, read(t, b, cluster.Global, ""), list...)
	isSnapshot(t, snapshot(t, b, cluster.Global, "a"), list[2])
}

// testLease: one has it at a time; it is renewed for its holder, and read by anybody.
func testLease(t *testing.T, e Engine) {
	b, other := e.Connect(t), e.Connect(t)
	cell := cluster.Cell("shard1")
	begin := uint64(time.Now().Add(-time.Second).UnixMilli())
	long := leasing{t, time.Minute}
	long.is(b, cell, "", cluster.Lease{})
	number := long.ask(b, cell, "a").Number
	if number < begin {
		t.Errorf("the first lease has the number %d, below the time, %d", number, begin)
	}
	long.is(other, cell, "b", cluster.Lease{Holder: "a", Number: number})
	long.is(b, cell, "a", cluster.Lease{Holder: "a", Number: number})
	long.is(other, cell, "", cluster.Lease{Holder: "a", Number: number})
	if got := long.ask(b, cluster.Cell("shard2"), "b"); got.Holder != "b" || got.Number < begin {
		t.Errorf("another cell's lease is %v", got)
	}
}

// A leasing asks for leases that last so long.
type leasing struct {
	t     *testing.T
	lasts time.Duration
}

// ask asks for a lease, and returns it without the time that is left, which it looks at.
func (l leasing) ask(b cluster.Bus, cell cluster.Scope, holder string) cluster.Lease {
	l.t.Helper()
	got, err := b.Lease(l.t.Context(), cell, holder, l.lasts)
	if err != nil {
		l.t.Fatal(err)
	}
	if got.Left < 0 || got.Left > l.lasts || (got.Left > 0) != (got.Holder != "") {
		l.t.Errorf("%v are left of %q's", got.Left, got.Holder)
	}
	got.Left = 0
	return got
}

func (l leasing) is(b cluster.Bus, cell cluster.Scope, holder string, want cluster.Lease) {
	l.t.Helper()
	if got := l.ask(b, cell, holder); got != want {
		l.t.Errorf("%q asks and gets %v, not %v", holder, got, want)
	}
}

// testLeaseEnds: a renewal prolongs it; once it is over another may have it, and the number grows, for the same one
// too.
func testLeaseEnds(t *testing.T, e Engine) {
	b := e.Connect(t)
	cell := cluster.Cell("shard1")
	short := leasing{t, 2 * time.Second}
	first := short.ask(b, cell, "a")
	for range 4 { // all of them are longer than it lasts; each may take a while longer where everything else runs, too
		time.Sleep(short.lasts / 4)
		short.is(b, cell, "a", first)
	}
	time.Sleep(short.lasts / 4)
	short.is(b, cell, "b", first)
	time.Sleep(short.lasts)
	short.is(b, cell, "", cluster.Lease{Number: first.Number})
	second := short.ask(b, cell, "b")
	if second.Holder != "b" || second.Number <= first.Number {
		t.Errorf("after %v comes %v", first, second)
	}
	time.Sleep(short.lasts * 5 / 4)
	if third := short.ask(b, cell, "b"); third.Holder != "b" || third.Number <= second.Number {
		t.Errorf("after %v comes %v", second, third)
	}
}
