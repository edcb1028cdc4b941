package membership

import (
	"maps"
	"math"
	"slices"

	"usher/internal/cluster"
	"usher/metrics"
)

// kinds are what nodes tell each other, as the label of a series.
var kinds = map[cluster.Kind]string{
	cluster.KindRevocation: "revocation", cluster.KindWhitelist: "whitelist", cluster.KindSession: "session",
	cluster.KindRoom: "room", cluster.KindAssignment: "assignment", cluster.KindVerdict: "verdict",
	cluster.KindStream: "stream",
}

func kindNames() []string { return slices.Sorted(maps.Values(kinds)) }

func count(series *metrics.Cluster, e cluster.Event) {
	n := float64(e.N)
	switch e.What {
	case cluster.Published:
		series.Published.Add(n)
	case cluster.Applied:
		if kind := kinds[e.Kind]; kind != "" {
			series.Applied(kind, e.N)
		}
	case cluster.Resent:
		series.Resent.Add(n)
	case cluster.Gap:
		series.Gaps.Add(n)
	case cluster.BadMAC:
		series.BadMAC.Add(n)
	case cluster.Unknown:
		series.Unknown.Add(n)
	}
}

func clusterState(r cluster.Report) metrics.ClusterState {
	s := metrics.ClusterState{Staleness: r.Staleness.Seconds(), Outbox: r.Outbox, ClockOffset: r.Clock.Seconds(),
		Writer: r.Writer == r.Node}
	if r.Staleness < 0 { // it was not with the others yet: no bound is long enough
		s.Staleness = math.Inf(1)
	}
	for _, v := range r.Nodes {
		if !v.Lives {
			continue
		}
		s.Nodes++
		if v.Node != r.Node {
			s.Lag = max(s.Lag, v.Heard.Seconds())
			if !v.SameConf {
				s.OtherConfig++
			}
		}
	}
	return s
}
