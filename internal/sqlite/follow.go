package sqlite

import (
	"iter"

	"usher/internal/journal"
	"usher/moderation/sessions"
)

// End is where the next record begins.
func (s *Store) End() journal.Position { return s.journal.End() }

// Appended returns a channel that has something in it once something may have been recorded. From the first call on
// each record wakes what waits for it, but for a login: its answer comes first, and then [Store.Wake].
func (s *Store) Appended() <-chan struct{} {
	s.followed.Store(true)
	return s.appended
}

// Wake wakes what waits for [Store.Appended].
func (s *Store) Wake() {
	if !s.followed.Load() {
		return
	}
	select {
	case s.appended <- struct{}{}:
	default:
	}
}

// Records yields what was recorded from a position on, as [journal.Journal.Read] does.
func (s *Store) Records(from journal.Position) iter.Seq2[journal.Record, error] {
	return s.journal.Read(from)
}

// isLogin reports whether changes are a login, for whose answer Prosody may stand still.
func isLogin(changes []sessions.Change) bool {
	return len(changes) == 1 && changes[0].PutSession != nil
}
