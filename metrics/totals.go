package metrics

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// Totals are how many logins and joins were decided since the start.
type Totals struct{ Logins, Joins Counted }

// Counted are how many of one kind were decided, whatever the door, host and issuer.
type Counted struct {
	Allowed int
	Refused map[string]int // by reason: denied, and not decided
}

// Totals reads the counters. Whom one of the doors before lets in logs in at another afterwards, and counts there. It
// makes nothing slower that counts; it is for once a minute, as there may be thousands.
func (m *Metrics) Totals(before ...string) Totals {
	return Totals{Logins: count(m.authRequests, before), Joins: count(m.rooms.joins, nil)}
}

// count adds up one vector of counters with the labels result and reason.
func count(of prometheus.Collector, before []string) Counted {
	c := Counted{Refused: map[string]int{}}
	registry := prometheus.NewRegistry()
	if registry.Register(of) != nil {
		return c // which can only be if it has no series described
	}
	families, _ := registry.Gather() // a series that is deleted meanwhile is left out
	for _, f := range families {
		for _, series := range f.GetMetric() {
			n, labels := int(series.GetCounter().GetValue()), map[string]string{}
			for _, l := range series.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			switch {
			case labels["result"] == Allowed.String():
				if !slices.Contains(before, labels["door"]) {
					c.Allowed += n
				}
			case n > 0:
				c.Refused[labels["reason"]] += n
			}
		}
	}
	return c
}
