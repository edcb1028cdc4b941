package redis_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/e2e/redis"
	"usher/e2e/redis/redistest"
	"usher/internal/cluster"
	"usher/internal/cluster/bustest"
	bus "usher/internal/redis"
)

// patience is for what takes some milliseconds, or a failover's two seconds, on a machine that does nothing else.
// Sentinel makes no failover for 30 s after it was held up for 2 s, as by a slow disk (TILT).
const patience = time.Minute

// soon is for what comes some 50 ms after an engine is back: how often it is looked for is tested beside the code.
const soon = 5 * time.Second

// within fails the test unless f succeeds in time. Each error on the way must be of an engine that is away.
func within(t *testing.T, limit time.Duration, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	for {
		err := f(ctx)
		switch {
		case err == nil:
			return
		case ctx.Err() != nil:
			t.Fatalf("not within %s: %v", limit, err)
		case !errors.Is(err, cluster.ErrAway):
			t.Fatalf("an engine that is away says: %v", err)
		}
	}
}

func published(b *bus.Bus, entries []cluster.Sealed) func(context.Context) error {
	return func(ctx context.Context) error { return b.Publish(ctx, cluster.Global, entries) }
}

var errFull = errors.New("all is there")

// follower follows from the beginning, as often as it must, and sends each number that it sees for the first time.
func follower(t *testing.T, b *bus.Bus) <-chan uint64 {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	numbers, done := make(chan uint64, 1000), make(chan struct{})
	go func() {
		defer close(done)
		var at cluster.Position
		for ctx.Err() == nil {
			err := b.Follow(ctx, cluster.Global, at, func(batch cluster.Batch) error {
				for _, v := range batch.Entries {
					at = v.Position
					numbers <- v.Number
				}
				return nil
			})
			if ctx.Err() == nil && !errors.Is(err, cluster.ErrAway) {
				t.Errorf("following: %v", err)
				return
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return numbers
}

func sees(t *testing.T, numbers <-chan uint64, want uint64) {
	t.Helper()
	select {
	case got := <-numbers:
		if got != want {
			t.Fatalf("number %d comes where %d should", got, want)
		}
	case <-time.After(patience):
		t.Fatalf("number %d does not come", want)
	}
}

// TestRestart: a server that was killed is found again soon, its scripts forgotten, and who follows goes on.
func TestRestart(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, redis.Config{Lines: []string{"appendonly yes", "appendfsync always"}})
	b := connect(t, bus.Options{Address: s.Address()})
	list := bustest.Entries("a", 1, 1, 3)
	within(t, patience, published(b, list[:1]))
	numbers := follower(t, b)
	sees(t, numbers, 1)
	s.Kill()
	if err := b.Publish(t.Context(), cluster.Global, list[1:2]); !errors.Is(err, cluster.ErrAway) {
		t.Errorf("a dead server: %v", err)
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	within(t, soon, published(b, list[:2]))
	sees(t, numbers, 2)
	within(t, patience, published(b, list[1:]))
	sees(t, numbers, 3)
}

// TestSuspended: a server that says nothing is away after the timeout, and a caller who has gone is not held.
func TestSuspended(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, redis.Config{})
	const timeout, usual = 200 * time.Millisecond, 2 * time.Second
	hasty := connect(t, bus.Options{Address: s.Address(), Timeout: timeout})
	patient := connect(t, bus.Options{Address: s.Address(), Timeout: patience})
	list := bustest.Entries("a", 1, 1, 1)
	within(t, patience, published(hasty, list))
	within(t, patience, published(patient, list))
	if err := s.Suspend(); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if err := hasty.Publish(t.Context(), cluster.Global, list); !errors.Is(err, cluster.ErrAway) {
		t.Errorf("a silent server: %v", err)
	}
	if took := time.Since(begin); took < timeout || took > usual {
		t.Errorf("it took %s to say so", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	begin = time.Now()
	if err := patient.Publish(ctx, cluster.Global, list); !errors.Is(err, context.Canceled) {
		t.Errorf("who has gone hears: %v", err)
	}
	if took := time.Since(begin); took > patience/2 {
		t.Errorf("who has gone was held for %s", took)
	}
	if err := s.Resume(); err != nil {
		t.Fatal(err)
	}
	within(t, patience, published(hasty, list))
}

// TestFull: a server whose memory is full takes nothing, or all of a call; once it has more, the call is repeated.
func TestFull(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, redis.Config{Lines: []string{"maxmemory 8mb", "maxmemory-policy noeviction"}})
	b := connect(t, bus.Options{Address: s.Address(), Timeout: patience})
	list := bustest.Entries("a", 1, 1, 400)
	for i := range list {
		list[i].Value = []byte(strings.Repeat("x", 40<<10))
	}
	var err error
	taken := 0
	for ; taken < len(list) && err == nil; taken += 10 {
		err = b.Publish(t.Context(), cluster.Global, list[taken:taken+10])
	}
	if !errors.Is(err, cluster.ErrAway) || !strings.Contains(err.Error(), "OOM") {
		t.Fatalf("after %d entries: %v", taken, err)
	}
	taken -= 10
	if n := entriesOf(t, b, "a"); n != taken {
		t.Errorf("%d entries are there, of %d that were taken", n, taken)
	}
	redistest.Says(t, s, fmt.Sprint(taken), "XLEN", "usher:v1:{g}:log")
	redistest.Says(t, s, "OK", "CONFIG", "SET", "maxmemory", "0")
	within(t, patience, published(b, list[:taken+10]))
	if n := entriesOf(t, b, "a"); n != taken+10 {
		t.Errorf("%d entries are there, not %d", n, taken+10)
	}
}

func entriesOf(t *testing.T, b *bus.Bus, node string) (n int) {
	t.Helper()
	err := b.Snapshot(t.Context(), cluster.Global, node, func(part []cluster.Sealed) error {
		n += len(part)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestLostLog: who follows from a place that the log has not any more is told, also when the log grew past it since.
func TestLostLog(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, redis.Config{Lines: []string{`save ""`}})
	b := connect(t, bus.Options{Address: s.Address()})
	list := bustest.Entries("a", 1, 1, 4)
	within(t, patience, published(b, list[:2]))
	at, err := b.End(t.Context(), cluster.Global)
	if err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	cut := func(name string) {
		t.Helper()
		var err error
		within(t, patience, func(ctx context.Context) error {
			err = b.Follow(ctx, cluster.Global, at, func(batch cluster.Batch) error {
				t.Errorf("%s: there is %v", name, batch)
				return errFull
			})
			if errors.Is(err, cluster.ErrCut) {
				return nil
			}
			return err
		})
	}
	cut("an empty log")
	within(t, patience, published(b, list))
	cut("a log that goes on")
}
