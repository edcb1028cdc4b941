package daemon

import (
	"testing"

	"usher/internal/daemon/membership"
)

// TestAlone: without a cluster in the configuration there is nothing of one, and a login pays nothing for it.
func TestAlone(t *testing.T) {
	w := newReloadWorld(t)
	if w.rooms.cluster != nil || w.rooms.writing != nil || w.rooms.knocks != nil || len(w.rooms.clusterTasks()) > 0 ||
		w.rooms.cluster.NotReady() != nil || w.rooms.cluster.ForCommands() != nil {
		t.Error("there is something of a cluster")
	}
	n := testing.AllocsPerRun(100, func() {
		if err := w.rooms.cluster.Admits(t.Context()); err != nil {
			t.Error(err)
		}
		w.rooms.cluster.Recorded()
	})
	if n > 0 {
		t.Errorf("%v allocations for a cluster that there is not", n)
	}
}

// BenchmarkAlone is what a login pays for a cluster that there is not.
func BenchmarkAlone(b *testing.B) {
	var none *membership.Member
	b.ReportAllocs()
	for b.Loop() {
		if none.Admits(b.Context()) != nil {
			b.Fatal("not admitted")
		}
		none.Recorded()
	}
}
