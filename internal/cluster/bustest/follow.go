package bustest

import (
	"context"
	"errors"
	"testing"
	"time"

	"usher/internal/cluster"
)

// follow follows in a goroutine, which ends with the test or by stop, and hands over what it got.
func follow(t *testing.T, b cluster.Bus, scope cluster.Scope, from cluster.Position) (
	batches <-chan cluster.Batch, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	got, ended := make(chan cluster.Batch, 1000), make(chan error, 1)
	go func() {
		ended <- b.Follow(ctx, scope, from, func(batch cluster.Batch) error {
			got <- batch
			return nil
		})
	}()
	t.Cleanup(cancel)
	return got, func() error {
		cancel()
		return <-ended
	}
}

// next waits for entries, over batches without any.
func next(t *testing.T, batches <-chan cluster.Batch) []cluster.Logged {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case batch := <-batches:
			if len(batch.Entries) > 0 {
				return batch.Entries
			}
		case <-late:
			t.Fatal("nothing came")
		}
	}
}

// testFollow: from each place the rest comes, and from the end an empty batch that says so.
func testFollow(t *testing.T, e Engine) {
	b := e.Connect(t)
	if got := read(t, b, cluster.Global, ""); len(got) != 0 {
		t.Fatalf("an empty log has %v", got)
	}
	list := Entries("a", 1, 1, 4)
	publish(t, b, cluster.Global, list...)
	all := read(t, b, cluster.Global, "")
	isLog(t, all, list...)
	for i := range all {
		isLog(t, read(t, b, cluster.Global, all[i].Position), list[i+1:]...)
	}
	if end(t, b, cluster.Global) != all[3].Position {
		t.Error("the end is not the last entry's place")
	}
}

// testFollowWaits: what is published later comes at once, to each who follows, from where they were.
func testFollowWaits(t *testing.T, e Engine) {
	b := e.Connect(t)
	list := Entries("a", 1, 1, 3)
	fromStart, stop := follow(t, e.Connect(t), cluster.Global, end(t, b, cluster.Global))
	batch := <-fromStart
	if !batch.End || len(batch.Entries) != 0 {
		t.Errorf("at first %v", batch)
	}
	publish(t, b, cluster.Global, list[0])
	isLog(t, next(t, fromStart), list[0])
	later, stopLater := follow(t, e.Connect(t), cluster.Global, end(t, b, cluster.Global))
	time.Sleep(time.Second)
	publish(t, b, cluster.Global, list[1])
	isLog(t, next(t, fromStart), list[1])
	isLog(t, next(t, later), list[1])
	for _, stop := range []func() error{stop, stopLater} {
		if err := stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("stopped: %v", err)
		}
	}
}

// testFollowMany: a long log comes whole and in order; that its end is reached is said of the last batch alone.
func testFollowMany(t *testing.T, e Engine) {
	b := e.Connect(t)
	const n = 8
	for i := range n {
		publish(t, b, cluster.Global, Entries("a", 1, uint64(1+i*cluster.MaxPublish), cluster.MaxPublish)...)
	}
	var got uint64
	err := b.Follow(t.Context(), cluster.Global, "", func(batch cluster.Batch) error {
		for _, v := range batch.Entries {
			if got++; v.Number != got {
				t.Fatalf("%d after %d", v.Number, got-1)
			}
		}
		if batch.End != (got == n*cluster.MaxPublish) {
			t.Errorf("the end is %t after %d", batch.End, got)
		}
		if batch.End {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) || got != n*cluster.MaxPublish {
		t.Errorf("%d entries, %v", got, err)
	}
}

// testFollowStops: the error of who follows ends it, in the middle of a log.
func testFollowStops(t *testing.T, e Engine) {
	b := e.Connect(t)
	publish(t, b, cluster.Global, Entries("a", 1, 1, 3)...)
	n := 0
	err := b.Follow(t.Context(), cluster.Global, "", func(cluster.Batch) error { n++; return errEnough })
	if !errors.Is(err, errEnough) || n != 1 {
		t.Errorf("%v after %d", err, n)
	}
}

// testTrimmed: whose place was trimmed away is told, also where the log was empty then; who is at the end goes on.
func testTrimmed(t *testing.T, e Engine) {
	b := e.Connect(t)
	before := end(t, b, cluster.Global)
	publish(t, b, cluster.Global, Entries("a", 1, 1, 20)...)
	all := read(t, b, cluster.Global, "")
	e.Trim(t, cluster.Global, 5)
	for name, from := range map[string]cluster.Position{"zero": "", "before": before, "first": all[0].Position,
		"tenth": all[9].Position} {
		err := b.Follow(t.Context(), cluster.Global, from, func(batch cluster.Batch) error {
			t.Errorf("%s: %v", name, batch)
			return errEnough
		})
		if !errors.Is(err, cluster.ErrCut) {
			t.Errorf("%s: %v", name, err)
		}
	}
	isLog(t, read(t, b, cluster.Global, all[16].Position), all[17].Sealed, all[18].Sealed, all[19].Sealed)
	isLog(t, read(t, b, cluster.Global, end(t, b, cluster.Global)))
	if n := len(snapshot(t, b, cluster.Global, "a")); n != 20 {
		t.Errorf("the snapshot lost what the log did: %d left", n)
	}
	e.Trim(t, cluster.Global, 0)
	isLog(t, read(t, b, cluster.Global, end(t, b, cluster.Global)))
}

// testTrimmedMeanwhile: who follows too slowly is told, once what it has not read is trimmed away.
func testTrimmedMeanwhile(t *testing.T, e Engine) {
	b := e.Connect(t)
	publish(t, b, cluster.Global, Entries("a", 1, 1, 1)...)
	first, n := true, uint64(0)
	err := b.Follow(t.Context(), cluster.Global, "", func(batch cluster.Batch) error {
		for _, v := range batch.Entries {
			if n++; v.Number != n {
				t.Fatalf("%d after %d", v.Number, n-1)
			}
		}
		if first {
			first = false
			publish(t, e.Connect(t), cluster.Global, Entries("a", 1, 2, 40)...)
			e.Trim(t, cluster.Global, 5)
		}
		return nil
	})
	if !errors.Is(err, cluster.ErrCut) || n != 1 {
		t.Errorf("%v after %d entries", err, n)
	}
}
