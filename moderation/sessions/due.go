package sessions

import (
	"context"
	"slices"
	"time"

	"usher/moderation"
	"usher/moderation/sessions/index"
)

// An ending is a session that does not count any more.
type ending struct {
	*index.Session
	why moderation.Reason
}

// dueAtATime bounds the sessions that are looked at under the lock when their time has come.
const dueAtATime = 8

// takeDue takes out of the order the sessions that do not count any more, of those whose time
// has come; the others are due later.
func (s *core) takeDue(judge judge) (list []ending) {
	for more := true; more; {
		s.mu.Lock()
		for range dueAtATime {
			g := s.index.Due(judge.now)
			if more = g != nil; !more {
				break
			}
			if why := judge.why(g); why != "" {
				s.index.NotDue(g)
				list = append(list, ending{g, why})
				continue
			}
			later, soon := judge.due(g), judge.now.Add(time.Second)
			if later.Before(soon) {
				later = soon
			}
			s.index.SetDue(g, later) // it was used meanwhile
		}
		s.mu.Unlock()
	}
	return list
}

// keysGone reports whether a key is gone that sessions are good by.
func (s *core) keysGone(p *moderation.Policy) bool {
	for _, of := range s.index.Sources(&s.mu) {
		if !of.Anonymous && !p.HoldsKey(of.Host, of.Issuer, of.KeyPrint) {
			return true
		}
	}
	return false
}

// allEnded looks at all sessions, and returns those that do not count any more. Those that are
// due earlier by another policy are so from then on.
func (s *core) allEnded(judge judge) (list []ending) {
	type found struct {
		ending
		due time.Time
	}
	var earlier []found
	for _, f := range index.Gather(&s.mu, s.index, 0, func(g *index.Session) (found, bool) {
		f := found{ending{g, judge.why(g)}, judge.due(g)}
		return f, f.why != "" || g.IsDueAfter(f.due)
	}) {
		if f.why != "" {
			list = append(list, f.ending)
		} else {
			earlier = append(earlier, f)
		}
	}
	for part := range slices.Chunk(earlier, dueAtATime) {
		s.mu.Lock()
		for _, f := range part {
			if s.index.Has(f.Session) {
				s.index.SetDue(f.Session, f.due)
			}
		}
		s.mu.Unlock()
	}
	return list
}

// finish ends sessions, each for its reason.
func (s *core) finish(ctx context.Context, list []ending) Touched {
	by := map[moderation.Reason][]*index.Session{}
	for _, e := range list {
		by[e.why] = append(by[e.why], e.Session)
	}
	var touched []moderation.AssignmentKey
	touched = append(touched, s.end(ctx, by[moderation.ReasonSessionEnded], moderation.EndExpired)...)
	touched = append(touched, s.end(ctx, by[moderation.ReasonKeyRemoved], moderation.EndKeyGone)...)
	revoked := by[moderation.ReasonNoSession]
	touched = append(touched, s.end(ctx, revoked, moderation.EndRevoked)...)
	return Touched{Accounts: touched, Ended: s.streamsOf(revoked)}
}
