package metrics

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// The series of several ushers that share what they know. Without a cluster there are none.
const (
	ClusterStaleness      = "usher_cluster_staleness_seconds"
	ClusterLag            = "usher_cluster_lag_seconds"
	ClusterOutbox         = "usher_cluster_outbox_entries"
	ClusterPublished      = "usher_cluster_published_total"
	ClusterApplied        = "usher_cluster_applied_total"
	ClusterResent         = "usher_cluster_resent_total"
	ClusterGaps           = "usher_cluster_gaps_total"
	ClusterBadMAC         = "usher_cluster_bad_mac_total"
	ClusterUnknown        = "usher_cluster_unknown_total"
	ClusterNodes          = "usher_cluster_nodes"
	ClusterWriter         = "usher_cluster_writer"
	ClusterConfigMismatch = "usher_cluster_config_mismatch"
	ClusterClockOffset    = "usher_cluster_clock_offset_seconds"
)

// A ClusterState is how a node stands to the others.
type ClusterState struct {
	Staleness, Lag, ClockOffset float64 // seconds
	Outbox                      int
	Nodes                       int // that live, this one included
	OtherConfig                 int // of those, with another configuration
	Writer                      bool
}

// A Cluster counts what a node tells the others, and hears of them.
type Cluster struct {
	ask atomic.Pointer[func() ClusterState]

	Published, Resent, Gaps, BadMAC, Unknown prometheus.Counter
	applied                                  *prometheus.CounterVec
}

// NewCluster makes the series of a node of a cell, for the closed list of kinds of things that nodes tell each other.
func (m *Metrics) NewCluster(cell string, kinds []string) *Cluster {
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		m.registry.MustRegister(c)
		return c
	}
	c := &Cluster{
		Published: counter(ClusterPublished, "Entries that the cluster's engine has taken from this usher."),
		Resent: counter(ClusterResent,
			"Of those, what was published again, as the engine or another usher did not have it."),
		Gaps:    counter(ClusterGaps, "Times at which something of another usher was missing, and was read again."),
		BadMAC:  counter(ClusterBadMAC, "Entries in the engine that no key of the cluster made. None may be there."),
		Unknown: counter(ClusterUnknown, "Things that a newer usher said, and this one does not know."),
		applied: prometheus.NewCounterVec(prometheus.CounterOpts{Name: ClusterApplied,
			Help: "What other ushers said, taken over, by kind."}, []string{"kind"}),
	}
	for _, kind := range kinds {
		c.applied.WithLabelValues(kind)
	}
	m.registry.MustRegister(c.applied)
	c.gauges(m.registry, cell)
	return c
}

func (c *Cluster) gauges(registry *prometheus.Registry, cell string) {
	gauge := func(name, help string, labels prometheus.Labels, of func(ClusterState) float64) {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels},
			func() float64 {
				if ask := c.ask.Load(); ask != nil {
					return of((*ask)())
				}
				return 0
			}))
	}
	gauge(ClusterStaleness, "For how long this usher may not know what the others have published, in seconds.", nil,
		func(s ClusterState) float64 { return s.Staleness })
	gauge(ClusterLag, "For how long the other ushers were not heard, at the most, of those that live.", nil,
		func(s ClusterState) float64 { return s.Lag })
	gauge(ClusterOutbox, "Changes that the cluster's engine has not taken yet.", nil,
		func(s ClusterState) float64 { return float64(s.Outbox) })
	gauge(ClusterNodes, "Ushers of the cluster that live, this one included.", nil,
		func(s ClusterState) float64 { return float64(s.Nodes) })
	gauge(ClusterWriter, "Whether this usher is the one that changes rooms in its cell.",
		prometheus.Labels{"cell": cell}, func(s ClusterState) float64 {
			if s.Writer {
				return 1
			}
			return 0
		})
	gauge(ClusterConfigMismatch, "Ushers that live and have other rules in their configuration than this one.", nil,
		func(s ClusterState) float64 { return float64(s.OtherConfig) })
	gauge(ClusterClockOffset, "How far this machine's clock is ahead of the middle of all, in seconds.", nil,
		func(s ClusterState) float64 { return s.ClockOffset })
}

// Watch has the gauges ask for what they show.
func (c *Cluster) Watch(ask func() ClusterState) { c.ask.Store(&ask) }

// Applied counts things of a kind of the list that were taken over.
func (c *Cluster) Applied(kind string, n int) { c.applied.WithLabelValues(kind).Add(float64(n)) }
