package reconcile

import (
	"sync"
	"time"

	"usher/moderation"
	"usher/moderation/sessions"
)

// inFlight are the affiliations that are being set in rooms, and those that were set a
// moment ago.
type inFlight struct {
	mu    sync.Mutex
	since map[moderation.AssignmentKey]time.Time // zero while it is being set
}

func newInFlight() *inFlight { return &inFlight{since: map[moderation.AssignmentKey]time.Time{}} }

// begin notes that an affiliation is being set, until done is called.
func (f *inFlight) begin(key moderation.AssignmentKey) (done func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for other, at := range f.since { // few: as many as are set at a time, and those of a moment ago
		if !at.IsZero() && time.Since(at) >= sessions.MembershipSettles {
			delete(f.since, other)
		}
	}
	f.since[key] = time.Time{}
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.since[key] = time.Now()
	}
}

func (f *inFlight) has(key moderation.AssignmentKey) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	at, there := f.since[key]
	return there && (at.IsZero() || time.Since(at) < sessions.MembershipSettles)
}
