package clustertest_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"usher/internal/cluster"
	"usher/internal/cluster/clustertest"
)

// TestStranger: a node whose key is another takes part in nothing, and does not disturb.
func TestStranger(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		lines := &countedLines{}
		w.Log = slog.New(slog.NewTextHandler(lines, nil))
		a := nodes(t, w, "a")[0]
		keys, err := cluster.NewKeys("test", []byte(strings.Repeat("stranger", 4)))
		if err != nil {
			t.Fatal(err)
		}
		stranger := w.Add("b", "shard1")
		stranger.Keys = keys
		v, _ := stranger.Revoke("b", "alice")
		for i := range 100 {
			stranger.Revoke("b", fmt.Sprint("user", i))
		}
		stranger.Start()
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if n := lines.n.Load(); w.Seen(cluster.BadMAC) < 100 || n == 0 || n > 100 {
			t.Errorf("%d lines of %d entries that were left out", n, w.Seen(cluster.BadMAC))
		}
		if a.Knows(v) || !a.Node.Fresh() || w.Seen(cluster.BadMAC) == 0 {
			t.Errorf("known: %t, fresh: %t, bad: %d", a.Knows(v), a.Node.Fresh(), w.Seen(cluster.BadMAC))
		}
		stranger.Stop()
	})
}

// TestStrangerStarts: who starts and hears only nodes with another key lets nobody in until one has the same, or all
// are silent; those that run go on, and both say so.
func TestStrangerStarts(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b")
		keys, err := cluster.NewKeys("test", []byte(strings.Repeat("stranger", 4)))
		if err != nil {
			t.Fatal(err)
		}
		c := w.Add("c", "shard1")
		c.Keys = keys
		c.Start()
		time.Sleep(2 * clustertest.Staleness)
		synctest.Wait()
		if r := c.Node.Report(); r.Fresh || !slices.Equal(r.Strangers, []string{"a", "b"}) {
			t.Errorf("c: fresh: %t, %q", r.Fresh, r.Problems)
		}
		if r := list[0].Node.Report(); !r.Fresh || len(r.Problems) > 0 || !slices.Equal(r.Strangers, []string{"c"}) {
			t.Errorf("a: fresh: %t, %q, strangers %q", r.Fresh, r.Problems, r.Strangers)
		}
		list[0].Stop()
		list[1].Stop()
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if r := c.Node.Report(); !r.Fresh || len(r.Strangers) > 0 {
			t.Errorf("c, alone: fresh: %t, %q", r.Fresh, r.Problems)
		}
		c.Stop()
	})
}

// TestNewState: a node that comes back with another state says that it waits, and then takes its name.
func TestNewState(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		nodes(t, w, "a")[0].Stop()
		again := w.Second("a")
		again.Start()
		time.Sleep(time.Second)
		synctest.Wait()
		if r := again.Node.Report(); r.Fresh || len(r.Problems) != 2 || !strings.Contains(r.Problems[0], "waits up to") {
			t.Errorf("at first: %+v", r)
		}
		time.Sleep(clustertest.Staleness)
		synctest.Wait()
		if r := again.Node.Report(); !r.Fresh || len(r.Problems) != 0 {
			t.Errorf("then: %+v", r)
		}
		again.Stop()
	})
}
