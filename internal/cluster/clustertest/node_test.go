package clustertest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"usher/internal/cluster"
	"usher/internal/cluster/clustertest"
)

// within runs a test in a bubble, with a world whose nodes end with it.
func within(t *testing.T, test func(*testing.T, *clustertest.World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := clustertest.NewWorld()
		defer w.Close()
		test(t, w)
	})
}

// nodes adds and starts nodes of one cell, and waits until they are together.
func nodes(t *testing.T, w *clustertest.World, names ...string) (list []*clustertest.Member) {
	t.Helper()
	for _, name := range names {
		m := w.Add(name, "shard1")
		m.Start()
		list = append(list, m)
	}
	settle(t, w)
	return list
}

// settle waits a few heartbeats, and fails the test unless all are fresh and equal.
func settle(t *testing.T, w *clustertest.World) {
	t.Helper()
	time.Sleep(15 * time.Second)
	synctest.Wait()
	if text := w.Differ(); text != "" {
		t.Error(text)
	}
	for name, m := range w.Nodes {
		if m.Runs() && (!m.Node.Fresh() || m.Node.Staleness() > 5*time.Second) {
			t.Errorf("%s is behind by %v: %+v", name, m.Node.Staleness(), m.Node.Report())
		}
	}
}

// know waits until it is known who has a change.
func know(t *testing.T, m *clustertest.Member, mark cluster.Mark, within time.Duration) (cluster.Known, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	return m.Node.Know(ctx, false, mark)
}

// TestAlone: a node that nobody else is beside is fresh at once, and not before.
func TestAlone(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		m := w.Add("a", "shard1")
		m.Client.Cut(true)
		m.Start()
		time.Sleep(time.Minute)
		if m.Node.Fresh() || m.Node.Report().Staleness >= 0 {
			t.Error("fresh without the engine")
		}
		select {
		case <-m.Node.Joined():
			t.Error("joined without the engine")
		default:
		}
		m.Client.Cut(false)
		<-m.Node.Joined()
		if !m.Node.Fresh() {
			t.Errorf("not fresh: %+v", m.Node.Report())
		}
	})
}

// TestRevoke: a revocation is everywhere within moments, and whoever made it knows who has it.
func TestRevoke(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b", "c")
		began := time.Now()
		v, mark := list[0].Revoke("a", "alice")
		k, err := know(t, list[0], mark, time.Second)
		if err != nil || k.String() != "3 of 3 nodes" || time.Since(began) > 100*time.Millisecond {
			t.Errorf("%v, %v, after %v", k, err, time.Since(began))
		}
		for _, m := range list {
			if !m.Knows(v) {
				t.Error("a node does not know it")
			}
		}
		settle(t, w)
	})
}

// TestCutOff: a node that is cut off stays fresh for its time and no longer; the command says that it may not know; and
// once it is back it knows.
func TestCutOff(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b", "c")
		c := list[2]
		c.Client.Cut(true)
		time.Sleep(clustertest.Staleness * 2 / 3)
		if !c.Node.Fresh() {
			t.Error("c refuses too early")
		}
		v, mark := list[0].Revoke("a", "alice")
		k, err := know(t, list[0], mark, time.Second)
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, cluster.ErrUnpublished) || k.String() !=
			"2 of 3 nodes; c has not been heard for 21 s and refuses logins in 9 s at the latest" {
			t.Errorf("%v, %v", k, err)
		}
		time.Sleep(clustertest.Staleness / 3)
		if c.Node.Fresh() || c.Knows(v) {
			t.Error("c is fresh, or knows what it cannot know")
		}
		if !list[0].Node.Fresh() || !list[1].Node.Fresh() {
			t.Error("the others refuse as well")
		}
		c.Client.Cut(false)
		settle(t, w)
		if !c.Knows(v) {
			t.Error("c does not know it now")
		}
	})
}

// TestEngineAway: what is revoked while the engine is away is in force here, said to be unknown elsewhere, and
// everywhere within 100 ms of its return.
func TestEngineAway(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b")
		for _, m := range list {
			m.Client.Cut(true)
		}
		time.Sleep(10 * time.Second)
		v, mark := list[0].Revoke("a", "alice")
		if k, err := know(t, list[0], mark, time.Second); !errors.Is(err, cluster.ErrUnpublished) || len(k.Missing) != 1 {
			t.Errorf("%v, %v", k, err)
		}
		time.Sleep(clustertest.Staleness)
		for _, m := range list {
			if m.Node.Fresh() {
				t.Error("a node is fresh for too long")
			}
			m.Client.Cut(false)
		}
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		if !list[1].Knows(v) {
			t.Error("b does not know it")
		}
		settle(t, w)
	})
}

// TestLeave: nobody waits for a node that was stopped; one that could not say so counts until it is silent for too long.
func TestLeave(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b", "c")
		a, b, c := list[0], list[1], list[2]
		b.Stop()
		time.Sleep(time.Second)
		_, mark := a.Revoke("a", "alice")
		if k, err := know(t, a, mark, 3*time.Second); err != nil || len(k.Missing) > 0 || len(k.Has) != 2 {
			t.Errorf("b was stopped: %v, %v", k, err)
		}
		c.Client.Cut(true)
		c.Stop()
		_, mark = a.Revoke("a", "bob")
		if k, err := know(t, a, mark, 3*time.Second); err == nil || len(k.Missing) != 1 {
			t.Errorf("c could not say that it stops: %v, %v", k, err)
		}
		c.Client.Cut(false)
		b.Start()
		c.Start()
		settle(t, w)
		if !b.Revoked("alice") || !c.Revoked("bob") {
			t.Error("they do not know what was revoked meanwhile")
		}
	})
}
