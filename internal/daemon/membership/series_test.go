package membership

import (
	"math"
	"testing"
	"time"

	"usher/internal/cluster"
)

// TestClusterState: a node that was never with the others is stale beyond any bound, and an alert sees it.
func TestClusterState(t *testing.T) {
	t.Parallel()
	if s := clusterState(cluster.Report{Staleness: -1}); s.Staleness != math.Inf(1) || s.Nodes != 0 {
		t.Errorf("%+v", s)
	}
	r := cluster.Report{Node: "a", Writer: "a", Staleness: 3 * time.Second, Outbox: 2, Clock: -time.Second}
	if s := clusterState(r); s.Staleness != 3 || s.Outbox != 2 || s.ClockOffset != -1 || !s.Writer {
		t.Errorf("%+v", s)
	}
}
