package clustertest_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"usher/internal/cluster"
	"usher/internal/cluster/clustertest"
	"usher/internal/cluster/membus"
	"usher/moderation"
)

// TestMore: who waits for more of the log knows what was published as soon as it was read.
func TestMore(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b")
		b := list[1]
		b.Client.Break(func(method string) membus.Fault {
			if method == "Follow" {
				return membus.Fault{Late: 20 * time.Millisecond}
			}
			return membus.Fault{}
		})
		list[0].Login("a", moderation.ID{1})
		synctest.Wait()
		if b.Sessions() != 0 {
			t.Fatal("b knows it already")
		}
		began := time.Now()
		for b.Sessions() == 0 && time.Since(began) < time.Second {
			more := b.Node.More()
			if b.Sessions() == 0 {
				<-more
			}
		}
		if took := time.Since(began); took > 50*time.Millisecond {
			t.Errorf("b knows it after %v", took)
		}
	})
}

// TestCells: what is of a cell stays there, and what is of all is everywhere.
func TestCells(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		a := nodes(t, w, "a")[0]
		other := w.Add("b", "shard2")
		other.Start()
		settle(t, w)
		a.Login("a", moderation.ID{1})
		v, _ := a.Revoke("a", "alice")
		a.List("bob@h", false)
		settle(t, w)
		if other.Sessions() != 0 || !other.Knows(v) {
			t.Errorf("%d sessions came over, known: %t", other.Sessions(), other.Knows(v))
		}
		other.Stop()
		other.Options.Cell = "shard1"
		other.Start()
		settle(t, w)
		if other.Sessions() != 1 {
			t.Error("beside the same Prosody it does not know its sessions")
		}
	})
}

// TestForget: a node that is retired is no longer spoken of, and what it had published stays; one that lives comes
// back by itself.
func TestForget(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b", "c")
		v, _ := list[2].Revoke("c", "alice")
		settle(t, w)
		list[2].Stop()
		time.Sleep(time.Minute)
		if text := list[0].Node.Report().String(); !strings.HasPrefix(text, "2 of 3 nodes; c has not been heard for 6") {
			t.Error(text)
		}
		for _, name := range []string{"a", "C", "", "nobody"} {
			if list[0].Node.Forget(t.Context(), name) == nil {
				t.Errorf("%q is forgotten", name)
			}
		}
		for _, name := range []string{"b", "c"} {
			if err := list[0].Node.Forget(t.Context(), name); err != nil {
				t.Error(err)
			}
		}
		settle(t, w)
		for _, m := range list[:2] {
			if text := m.Node.Report().String(); text != "2 of 2 nodes" {
				t.Error(text)
			}
		}
		later := w.Add("d", "shard1")
		later.Start()
		settle(t, w)
		if !later.Knows(v) {
			t.Error("a new node does not know what the retired one had published")
		}
	})
}

// TestReport: what differs between nodes is seen at each.
func TestReport(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		for name, usher := range map[string]string{"a": "1.0", "b": "1.1"} {
			m := w.Add(name, "shard1")
			m.Options.Usher, m.Options.Config = usher, "hash of "+name
			m.Start()
		}
		settle(t, w)
		r := w.Nodes["a"].Node.Report()
		if len(r.Nodes) != 2 || !r.Fresh || len(r.Problems) != 0 || r.Engine != "" {
			t.Fatalf("%+v", r)
		}
		if b := r.Nodes[1]; b.Node != "b" || !b.Lives || !b.InStep || b.SameConf || b.Usher != "1.1" || !r.Nodes[0].SameConf {
			t.Errorf("%+v", b)
		}
		w.Nodes["a"].Client.Cut(true)
		time.Sleep(time.Minute)
		r = w.Nodes["a"].Node.Report()
		if r.Fresh || r.Engine == "" || len(r.Problems) != 1 {
			t.Errorf("%+v", r)
		}
	})
}

// TestOutbox: what is changed while the engine is away for long is not kept without bound, and is everywhere later.
func TestOutbox(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b")
		list[0].Client.Cut(true)
		for i := range 50_000 {
			list[0].Login("a", id(i))
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := list[0].Node.Report().Outbox; n > 25_000 {
			t.Errorf("%d changes are kept", n)
		}
		list[0].Client.Cut(false)
		settle(t, w)
		if list[1].Sessions() != 50_000 {
			t.Errorf("%d came over", list[1].Sessions())
		}
	})
}

// TestNames: a node is not made with names or times that cannot be.
func TestNames(t *testing.T) {
	w := clustertest.NewWorld()
	for name, o := range map[string]cluster.Options{
		"no node": {Cell: "c"}, "no cell": {Node: "a"}, "upper case": {Node: "A", Cell: "c"},
		"too short": {Node: "a", Cell: "c", Staleness: 4 * time.Second},
		"too long":  {Node: "a", Cell: "c", Staleness: 61 * time.Minute},
	} {
		s := clustertest.NewState(time.Now)
		if _, err := cluster.New(w.Engine.Client(), w.Keys, s, s, o); err == nil {
			t.Errorf("%s: a node is made", name)
		}
	}
}

// TestNever: with no bound a node lets in whatever it does not know.
func TestNever(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		m := w.Add("a", "shard1")
		m.Options.Staleness = 0
		m.Client.Cut(true)
		m.Start()
		time.Sleep(2 * time.Hour)
		if !m.Node.Fresh() || m.Node.Staleness() < time.Hour {
			t.Error("it refuses, or says that it knows everything")
		}
	})
}

// TestGone: what became of a thing that new nodes need not hear of comes to those who are there, and no snapshot has it.
func TestGone(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b")
		list[0].Login("a", moderation.ID{1})
		list[1].Login("b", moderation.ID{2})
		settle(t, w)
		list[0].LogoutBriefly(moderation.ID{1})
		settle(t, w)
		later := w.Add("c", "shard1")
		later.Start()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if later.Sessions() != 1 {
			t.Errorf("%d sessions are told of", later.Sessions())
		}
	})
}
