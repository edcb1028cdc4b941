package clustertest_test

import (
	"testing"
	"time"

	"usher/internal/cluster/clustertest"
)

// writers are the nodes that write, and the numbers of their leases grow.
func writers(list ...*clustertest.Member) (names string) {
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

// TestWriter: one usher of a cell writes at a time: one before anybody is asked, then the one whom Prosody asks, also
// while nobody joins for long, and also while the engine is away; another within some seconds of when it is asked
// instead, whether or not the former one lives.
func TestWriter(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b")
		a, b := list[0], list[1]
		is := func(when, want string) {
			t.Helper()
			if got := writers(list...); got != want {
				t.Errorf("%s: %q write, want %q", when, got, want)
			}
		}
		if got := writers(list...); len(got) != 1 {
			t.Errorf("before anybody is asked %q write", got)
		}
		asked(a, 25)
		is("a is asked", "a")
		before, _ := a.Node.Writer()
		time.Sleep(10 * time.Minute)
		is("nobody is asked for long", "a")
		if lease, _ := a.Node.Writer(); lease != before {
			t.Errorf("the lease changed from %d to %d without reason", before, lease)
		}
		for _, m := range list {
			m.Client.Cut(true)
		}
		asked(a, 30)
		is("the engine is away", "a")
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
		if got := writers(a); got != "a" {
			t.Errorf("b has died, and %q write", got)
		}
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
		if got := writers(m); got != "a" {
			t.Errorf("%q write", got)
		}
	})
}

// TestWriterCutOff: a node that is cut off does not write while another one has the lease.
func TestWriterCutOff(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b")
		a, b := list[0], list[1]
		asked(a, 25)
		b.Client.Cut(true)
		asked(b, 1)
		if got := writers(list...); got != "a" {
			t.Errorf("b is cut off and asked once: %q write", got)
		}
	})
}
