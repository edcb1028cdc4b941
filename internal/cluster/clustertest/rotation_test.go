package clustertest_test

import (
	"bytes"
	"testing"
	"time"

	"usher/internal/cluster"
	"usher/internal/cluster/clustertest"
)

// TestRotation: a secret is replaced while nodes run, and what was signed by the former one is signed anew: a node that
// only knows the new one has everything, and nothing is taken for forged.
func TestRotation(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		old, next := bytes.Repeat([]byte("o"), 32), bytes.Repeat([]byte("n"), 32)
		replace := func(secrets ...[]byte) (signsAnew bool) {
			t.Helper()
			signsAnew, err := w.Keys.Replace(secrets...)
			if err != nil {
				t.Fatal(err)
			}
			return signsAnew
		}
		replace(old)
		list := nodes(t, w, "a", "b")
		a := list[0]
		a.Login("a", id(1))
		a.Revoke("a", "alice")
		settle(t, w)
		if replace(old, next) {
			t.Error("the second of two signs")
		}
		settle(t, w)
		if !replace(next, old) {
			t.Error("the former one signs still")
		}
		for _, m := range list {
			m.Node.SignAnew()
		}
		settle(t, w)
		replace(next)
		settle(t, w)
		c := w.Add("c", "shard1")
		c.Start()
		settle(t, w)
		if n := w.Seen(cluster.BadMAC); n > 0 || c.Sessions() != 1 {
			t.Errorf("%d are taken for forged, and c has %d sessions", n, c.Sessions())
		}
		if _, err := w.Keys.Replace([]byte("short")); err == nil {
			t.Error("a short secret is taken")
		}
		settle(t, w)
		time.Sleep(time.Minute)
		settle(t, w)
	})
}

// TestStalenessAnew: for how long a node lets people in that hears nothing can be another while it runs.
func TestStalenessAnew(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b")
		a := list[0]
		a.Client.Cut(true)
		time.Sleep(8 * time.Second)
		if err := a.Node.SetStaleness(5 * time.Second); err != nil || a.Node.Fresh() {
			t.Errorf("fresh: %v, %v", a.Node.Fresh(), err)
		}
		if err := a.Node.SetStaleness(time.Hour); err != nil || !a.Node.Fresh() {
			t.Errorf("fresh: %v, %v", a.Node.Fresh(), err)
		}
		if a.Node.SetStaleness(time.Second) == nil || a.Node.SetStaleness(2*time.Hour) == nil {
			t.Error("a staleness beyond the bounds is taken")
		}
	})
}

// TestStalenessBeats: heartbeats follow a staleness that became another, so that a short one is not over between two.
func TestStalenessBeats(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		a := nodes(t, w, "a")[0]
		if err := a.Node.SetStaleness(cluster.MinStaleness); err != nil {
			t.Fatal(err)
		}
		before := w.Seen(cluster.Published)
		time.Sleep(time.Minute)
		const least = 2 * 60 * 7 / 6 // in two scopes, a sixth of the staleness apart
		if n := w.Seen(cluster.Published) - before; n < least {
			t.Errorf("%d heartbeats in a minute, want %d or more", n, least)
		}
	})
}
