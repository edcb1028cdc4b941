package reconcile

import (
	"sync"
	"time"

	"usher/moderation"
)

// membershipSettles is how long after it was set a membership may be unknown to a join
// that is under way: one whose role Prosody computed before is put out again. Prosody's
// question about such a join is here well within this time.
const membershipSettles = 100 * time.Millisecond

// settings are the affiliations that are being set in rooms, and those that were set a
// moment ago.
type settings struct {
	mu    sync.Mutex
	since map[moderation.AssignmentKey]time.Time // zero while it is being set
}

func newSettings() *settings { return &settings{since: map[moderation.AssignmentKey]time.Time{}} }

// begin notes that an affiliation is being set, until done is called.
func (s *settings) begin(key moderation.AssignmentKey) (done func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for other, at := range s.since { // few: as many as are set at a time, and those of a moment ago
		if !at.IsZero() && time.Since(at) >= membershipSettles {
			delete(s.since, other)
		}
	}
	s.since[key] = time.Time{}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.since[key] = time.Now()
	}
}

// underWay reports whether an affiliation is being set, or was a moment ago.
func (s *settings) underWay(key moderation.AssignmentKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, there := s.since[key]
	return there && (at.IsZero() || time.Since(at) < membershipSettles)
}
