package daemon

import "testing"

// TestAlone: without a cluster in the configuration there is nothing of one, and a login pays nothing for it.
func TestAlone(t *testing.T) {
	w := newReloadWorld(t)
	if w.rooms.cluster != nil || w.rooms.writing != nil || w.rooms.knocks != nil || len(w.rooms.cluster.tasks(w.rooms)) > 0 ||
		w.rooms.cluster.notReady() != nil || w.rooms.cluster.forCommands() != nil {
		t.Error("there is something of a cluster")
	}
	n := testing.AllocsPerRun(100, func() {
		if err := w.rooms.cluster.admits(t.Context()); err != nil {
			t.Error(err)
		}
		w.rooms.cluster.recorded()
	})
	if n > 0 {
		t.Errorf("%v allocations for a cluster that there is not", n)
	}
}

// BenchmarkAlone is what a login pays for a cluster that there is not.
func BenchmarkAlone(b *testing.B) {
	var none *clusterPart
	b.ReportAllocs()
	for b.Loop() {
		if none.admits(b.Context()) != nil {
			b.Fatal("not admitted")
		}
		none.recorded()
	}
}
