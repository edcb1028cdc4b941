package plot

import (
	"context"
	"sync"
	"time"

	"usher/internal/admin"
	"usher/metrics"
)

// The ring has a point for each minute of an hour.
const (
	every = time.Minute
	most  = 60
)

// A Ring keeps the counts of the last hour. It is safe for concurrent use.
type Ring struct {
	read func() metrics.Totals
	now  func() time.Time

	mu     sync.Mutex
	points []admin.HistoryPoint // whole minutes, the oldest first
	last   metrics.Totals
	since  time.Time // when last was read
}

// NewRing returns one that counts from now on what read tells. A nil now is time.Now.
func NewRing(read func() metrics.Totals, now func() time.Time) *Ring {
	if now == nil {
		now = time.Now
	}
	return &Ring{read: read, now: now, last: read(), since: now()}
}

// Run adds a point each minute, until ctx ends.
func (r *Ring) Run(ctx context.Context) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			r.add()
		}
	}
}

func (r *Ring) add() {
	r.mu.Lock()
	defer r.mu.Unlock()
	totals := r.read()
	p := r.pointLocked(totals)
	if len(r.points) >= most-1 { // the one that runs is the last
		r.points = append(r.points[:0], r.points[len(r.points)-most+2:]...)
	}
	r.points = append(r.points, p)
	r.last, r.since = totals, p.Until
}

// History returns the points, the oldest first; the last one is of the minute that runs.
func (r *Ring) History() admin.History {
	r.mu.Lock()
	defer r.mu.Unlock()
	return admin.History{Points: append(append([]admin.HistoryPoint{}, r.points...), r.pointLocked(r.read()))}
}

// pointLocked is what was counted since the last point.
func (r *Ring) pointLocked(t metrics.Totals) admin.HistoryPoint {
	p := admin.HistoryPoint{From: r.since, Until: r.now()}
	p.Logins, p.LoginsRefused = more(r.last.Logins, t.Logins)
	p.Joins, p.JoinsRefused = more(r.last.Joins, t.Joins)
	return p
}

// more is by how much counts have grown.
func more(before, now metrics.Counted) (allowed int, refused map[string]int) {
	refused = map[string]int{}
	for reason, n := range now.Refused {
		if n > before.Refused[reason] {
			refused[reason] = n - before.Refused[reason]
		}
	}
	return now.Allowed - before.Allowed, refused
}
