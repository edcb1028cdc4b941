package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A Result is how a login or a join was decided.
type Result uint8

// The values of the label result of [AuthRequests] and [Joins].
const (
	Allowed   Result = iota + 1
	Denied           // the answer was no
	Undecided        // there could be no answer
)

// Results is the closed list.
func Results() []Result { return all(Undecided) }

// String returns the label's value.
func (r Result) String() string {
	return word(r, []string{Allowed: "allowed", Denied: "denied", Undecided: "error"})
}

// ReasonOK is the reason of a login that was let in; reasonOther the reason of
// a refusal that is in nobody's list.
const (
	ReasonOK    = "ok"
	reasonOther = "internal_error"
)

// A Door counts the decisions of one door. Its series exist from the start,
// at 0, and counting allocates nothing.
type Door struct {
	allowed  prometheus.Counter
	refused  map[string]prometheus.Counter
	other    prometheus.Counter
	duration prometheus.Observer
}

// Allowed counts a login that was let in after took.
func (d *Door) Allowed(took time.Duration) {
	d.allowed.Inc()
	d.duration.Observe(took.Seconds())
}

// Refused counts a login that was not let in, after took. A reason that is in
// neither list counts as an internal error: the set of series stays closed.
func (d *Door) Refused(reason string, took time.Duration) {
	c, ok := d.refused[reason]
	if !ok {
		c = d.other
	}
	c.Inc()
	d.duration.Observe(took.Seconds())
}
