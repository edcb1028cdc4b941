package clustertest_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/cluster"
	"usher/internal/cluster/clustertest"
)

// A mailbox is what a node was told.
type mailbox struct {
	mu    sync.Mutex
	texts []string
}

func (b *mailbox) told(kind cluster.Kind, from string, body []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.texts = append(b.texts, from+" "+string(body))
}

func (b *mailbox) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := strings.Join(b.texts, ",")
	b.texts = nil
	return text
}

// TestTell: what is told to one node of a cell, or to all, reaches those alone, once; nothing of it can be read in the
// engine; and while that is away the one who tells is told so.
func TestTell(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		boxes := map[string]*mailbox{}
		members := map[string]*clustertest.Member{}
		for name, cell := range map[string]string{"a": "shard1", "b": "shard1", "c": "shard1", "d": "shard2"} {
			m, box := w.Add(name, cell), &mailbox{}
			m.Options.Told = box.told
			m.Start()
			boxes[name], members[name] = box, m
		}
		settle(t, w)
		heard := func(when string, want map[string]string) {
			t.Helper()
			time.Sleep(time.Second)
			for name, box := range boxes {
				if got := box.take(); got != want[name] {
					t.Errorf("%s: %s was told %q, want %q", when, name, got, want[name])
				}
			}
		}
		a := members["a"].Node
		if err := a.Tell(t.Context(), cluster.KindTicket, "b", []byte("a secret")); err != nil {
			t.Fatal(err)
		}
		heard("to one", map[string]string{"b": "a a secret"})
		over, n := errors.New("that is all"), 0
		err := w.Engine.Client().Follow(t.Context(), cluster.Cell("shard1"), "", func(batch cluster.Batch) error {
			for _, e := range batch.Entries {
				if n++; bytes.Contains(e.Value, []byte("secret")) {
					t.Error("it can be read in the engine")
				}
			}
			if batch.End {
				return over
			}
			return nil
		})
		if !errors.Is(err, over) || n < 10 {
			t.Errorf("%d entries were looked at, %v", n, err)
		}
		if err := a.Tell(t.Context(), cluster.KindKnock, "", []byte("knock")); err != nil {
			t.Fatal(err)
		}
		heard("to all", map[string]string{"b": "a knock", "c": "a knock"})
		if a.Tell(t.Context(), cluster.KindSession, "b", nil) == nil || a.Tell(t.Context(), cluster.KindTicket, "b", make([]byte, 25<<10)) == nil {
			t.Error("what is no message is told")
		}
		members["a"].Client.Cut(true)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := a.Tell(ctx, cluster.KindTicket, "b", []byte("late")); !errors.Is(err, cluster.ErrUnpublished) {
			t.Errorf("the engine is away: %v", err)
		}
		members["a"].Client.Cut(false)
		time.Sleep(10 * time.Second)
		for _, box := range boxes {
			box.take() // it may have been under way
		}
		for _, m := range members {
			m.Stop()
			m.Start()
		}
		heard("after a restart", map[string]string{})
	})
}
