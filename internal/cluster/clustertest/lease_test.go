package clustertest_test

import (
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"usher/internal/cluster/clustertest"
)

// writers names the nodes that write for their cell, with the number of the lease of one.
func writers(w *clustertest.World) (names string, lease uint64) {
	for _, name := range slices.Sorted(maps.Keys(w.Nodes)) {
		if n, writes := w.Nodes[name].Node.Writer(); writes {
			names, lease = names+name, n
		}
	}
	return names, lease
}

// asked has Prosody ask a node each second, for some seconds.
func asked(m *clustertest.Member, seconds int) {
	for range seconds {
		m.Node.Asked()
		time.Sleep(time.Second)
	}
}

// TestWriter: whom Prosody asks writes; while it is asked nobody else does; and when it is silent the one that is asked
// takes over within 10 s, under a higher number.
func TestWriter(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b")
		if names, _ := writers(w); names != "" {
			t.Errorf("%q write without having been asked", names)
		}
		asked(list[0], 60)
		synctest.Wait()
		names, first := writers(w)
		if names != "a" {
			t.Errorf("%q write", names)
		}
		if r := list[1].Node.Report(); r.Writer != "a" {
			t.Errorf("b believes that %q writes", r.Writer)
		}
		list[1].Node.Asked() // once, while a is asked as well
		asked(list[0], 30)
		if names, lease := writers(w); names != "a" || lease != first {
			t.Errorf("%q write, by %d", names, lease)
		}
		list[0].Stop()
		list[1].Node.Asked()
		time.Sleep(10*time.Second + 100*time.Millisecond)
		synctest.Wait()
		if names, second := writers(w); names != "b" || second <= first {
			t.Errorf("%q write, by %d after %d", names, second, first)
		}
	})
}

// TestWriterStays: one usher of a cell writes at a time: one before anybody is asked, then the one whom Prosody asks, also
// while nobody joins for long, and also while the engine is away; another within some seconds of when it is asked
// instead, whether or not the former one lives.
func TestWriterStays(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b")
		a, b := list[0], list[1]
		is := func(when, want string) {
			t.Helper()
			if got, _ := writers(w); got != want {
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

// TestWriterCutOff: a writer that cannot renew its lease stops by its own clock before another may begin, unless Prosody
// asks it still; then it stops when it may not know what was revoked.
func TestWriterCutOff(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b")
		if err := list[0].Node.SetStaleness(30 * time.Second); err != nil {
			t.Fatal(err)
		}
		list[0].Node.Asked()
		time.Sleep(15 * time.Second) // Prosody asks it no more
		list[0].Client.Cut(true)
		for range 200 {
			list[1].Node.Asked()
			time.Sleep(100 * time.Millisecond)
			if names, _ := writers(w); len(names) > 1 {
				t.Fatalf("%q write at once", names)
			}
		}
		if names, _ := writers(w); names != "b" {
			t.Errorf("%q write", names)
		}
	})
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b")
		if err := list[0].Node.SetStaleness(30 * time.Second); err != nil {
			t.Fatal(err)
		}
		list[0].Node.Asked()
		time.Sleep(time.Second)
		list[0].Client.Cut(true)
		asked(list[0], 40)
		if names, _ := writers(w); names != "" {
			t.Errorf("%q write", names)
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
		if got, _ := writers(w); got != "a" {
			t.Errorf("%q write", got)
		}
	})
}

// TestWriterAskedCutOff: a node that is cut off does not write while another one has the lease.
func TestWriterAskedCutOff(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b")
		a, b := list[0], list[1]
		asked(a, 25)
		b.Client.Cut(true)
		asked(b, 1)
		if got, _ := writers(w); got != "a" {
			t.Errorf("b is cut off and asked once: %q write", got)
		}
	})
}
