package clustertest_test

import (
	"testing"
	"time"

	"usher/internal/cluster/clustertest"
)

// theWriters are the nodes that write, and the numbers of their leases grow.
func theWriters(list ...*clustertest.Member) (names string) {
	for _, m := range list {
		if _, writes := m.Node.Writer(); writes {
			names += m.Options.Node
		}
	}
	return names
}

// asked has Prosody ask a node each second, for some seconds.
func asked(m *clustertest.Member, seconds int) {
	for range seconds {
		m.Node.Asked()
		time.Sleep(time.Second)
	}
}

// TestTheWriter: one usher of a cell writes at a time: one before anybody is asked, then the one whom Prosody asks, also
// while nobody joins for long, and also while the engine is away; another within some seconds of when it is asked
// instead, whether or not the former one lives.
func TestTheWriter(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b")
		a, b := list[0], list[1]
		is := func(when, want string) {
			t.Helper()
			if got := theWriters(list...); got != want {
				t.Errorf("%s: %q write, want %q", when, got, want)
			}
		}
		is("nobody was asked", "")
		asked(a, 25)
		is("a is asked", "a")
		before, _ := a.Node.Writer()
		time.Sleep(10 * time.Minute)
		is("nobody is asked for long", "a")
		if lease, _ := a.Node.Writer(); lease != before {
			t.Errorf("the lease changed from %d to %d without reason", before, lease)
		}
		if err := a.Node.SetStaleness(time.Minute); err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			m.Client.Cut(true)
		}
		asked(a, 40)
		is("the engine is away", "a")
		asked(a, 30)
		is("the engine is away for so long that a may not know what was revoked", "")
		for _, m := range list {
			m.Client.Cut(false)
		}
		asked(a, 5)
		is("the engine is back", "a")
		asked(b, 25)
		is("b is asked", "b")
		if lease, _ := b.Node.Writer(); lease <= before {
			t.Errorf("the lease went from %d to %d", before, lease)
		}
		b.Stop()
		a.Node.Asked()
		asked(a, 12)
		is("b has died", "a")
	})
}

// TestWriterAtOnce: whom Prosody asks first writes at once, where nobody else does.
func TestWriterAtOnce(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		m := w.Add("a", "shard1")
		m.Start()
		time.Sleep(2 * time.Second)
		m.Node.Asked()
		time.Sleep(10 * time.Millisecond)
		if got := theWriters(m); got != "a" {
			t.Errorf("%q write", got)
		}
	})
}

// TestTheWriterCutOff: a node that is cut off does not write while another one has the lease.
func TestTheWriterCutOff(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b")
		a, b := list[0], list[1]
		asked(a, 25)
		b.Client.Cut(true)
		asked(b, 1)
		if got := theWriters(list...); got != "a" {
			t.Errorf("b is cut off and asked once: %q write", got)
		}
	})
}
