package metrics

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
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

// Other is the host of a login that came to none of the configuration, and the issuer of one whose token names none of
// that host, or that had no token.
const Other = "other"

// Whose says which part of the configuration a login came to. What is empty counts as [Other].
type Whose struct{ Host, Issuer string }

// mostWhose bounds the hosts and issuers that have series of their own at a door: each has one for every reason.
const mostWhose = 256

// A Door counts the decisions of one door. Its series of [Other] exist from the start, at 0, those of a host and issuer
// from their first login at the door; then counting allocates nothing.
type Door struct {
	name              string
	denied, undecided []string
	requests          *prometheus.CounterVec
	duration          prometheus.Observer

	mu  sync.Mutex                           // of those who replace all
	all atomic.Pointer[map[Whose]*decisions] // is replaced, never changed

	allowed *atomic.Int64
	refused map[string]*atomic.Int64 // by reason; the map is not changed
}

// A tally is a series of decisions, with a sum beside it that others may share.
type tally struct {
	prometheus.Counter
	sum *atomic.Int64
}

func (t tally) count() {
	t.Inc()
	t.sum.Add(1)
}

// decisions are the series of one host and issuer.
type decisions struct {
	allowed tally
	refused map[string]tally
	other   tally
}

func newDoor(name string, denied, undecided []string, requests *prometheus.CounterVec, took prometheus.Observer) *Door {
	d := &Door{name: name, denied: denied, undecided: undecided, requests: requests, duration: took,
		allowed: new(atomic.Int64), refused: map[string]*atomic.Int64{reasonOther: new(atomic.Int64)}}
	for _, reason := range slices.Concat(denied, undecided) {
		d.refused[reason] = cmp.Or(d.refused[reason], new(atomic.Int64))
	}
	d.all.Store(&map[Whose]*decisions{{Other, Other}: d.make(Whose{Other, Other})})
	return d
}

// Allowed counts a login that was let in after took.
func (d *Door) Allowed(of Whose, took time.Duration) {
	d.of(of).allowed.count()
	d.duration.Observe(took.Seconds())
}

// Refused counts a login that was not let in, after took. A reason that is in
// neither list counts as an internal error: the set of series stays closed.
func (d *Door) Refused(of Whose, reason string, took time.Duration) {
	counts := d.of(of)
	c, ok := counts.refused[reason]
	if !ok {
		c = counts.other
	}
	c.count()
	d.duration.Observe(took.Seconds())
}

// of returns the series of a host and issuer, and makes them at the first login.
func (d *Door) of(w Whose) *decisions {
	w.Host, w.Issuer = cmp.Or(w.Host, Other), cmp.Or(w.Issuer, Other)
	if c := (*d.all.Load())[w]; c != nil {
		return c
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	all := *d.all.Load()
	if len(all) >= mostWhose {
		w = Whose{Other, Other}
	}
	if c := all[w]; c != nil {
		return c
	}
	c := d.make(w)
	more := maps.Clone(all)
	more[w] = c
	d.all.Store(&more)
	return c
}

func (d *Door) make(w Whose) *decisions {
	series := func(r Result, reason string, sum *atomic.Int64) tally {
		return tally{d.requests.WithLabelValues(d.name, w.Host, w.Issuer, r.String(), reason), sum}
	}
	c := &decisions{allowed: series(Allowed, ReasonOK, d.allowed), refused: map[string]tally{},
		other: series(Undecided, reasonOther, d.refused[reasonOther])}
	for _, r := range d.denied {
		c.refused[r] = series(Denied, r, d.refused[r])
	}
	for _, r := range d.undecided {
		c.refused[r] = series(Undecided, r, d.refused[r])
	}
	return c
}

// keep drops the series of hosts and issuers that the configuration does not have any more.
func (d *Door) keep(configured map[Whose]bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	left := maps.Clone(*d.all.Load())
	for w := range left {
		if !configured[w] {
			delete(left, w)
			d.requests.DeletePartialMatch(prometheus.Labels{"door": d.name, "host": w.Host, "issuer": w.Issuer})
		}
	}
	d.all.Store(&left)
}
