package sessions

import (
	"sync/atomic"
	"time"

	"usher/internal/guard"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/sessions/index"
	"usher/moderation/sessions/rates"
	"usher/moderation/sessions/waits"
)

// A core is what all of them have in common: the tables, and the one lock.
type core struct {
	*writer
	now    func() time.Time
	lobby  *lobby.Lobby // may be nil
	policy atomic.Pointer[moderation.Policy]
	rates  *rates.Logins
	writes writeLock // of sessions
	limits Limits
	node   string // among several ushers that know the same; empty: there are no others

	revocationWrites writeLock

	loading   loading
	lookAtAll atomic.Bool // the next sweep looks at all sessions

	mu       guard.RWMutex // held for no longer than a portion of a large table takes
	index    *index.Index  // the sessions
	revoked  revocations
	rooms    rooms
	assigned assignments
	waits    waits.Rooms            // for a change of the latter two
	gone     map[moderation.ID]bool // sessions that ended before all were loaded; nil afterwards
}

// assignmentLocked is what was given. An account whose session was revoked has to leave, also
// where nothing was given to it.
func (s *core) assignmentLocked(k moderation.AssignmentKey) *moderation.Assignment {
	if g := s.assigned.get(k); g != nil || !s.revoked.hit(k.JID) {
		return g
	}
	return &moderation.Assignment{Room: k.Room, JID: k.JID, Affiliation: moderation.None, External: true,
		End: moderation.EndRevoked}
}

// A judge says why sessions do not count, by a policy and at a moment. It wants the
// lock.
type judge struct {
	policy  *moderation.Policy
	revoked *revocations
	now     time.Time
}

// judge returns the judge by a policy now.
func (s *core) judge(p *moderation.Policy) judge { return judge{p, &s.revoked, s.now()} }

// dead reports whether the token of a session was revoked.
func (j judge) dead(g *index.Session) bool {
	return j.revoked.dead(g, j.now, j.policy.Times(g.Host()).Leeway)
}

// due is when a session may end by its time.
func (j judge) due(g *index.Session) time.Time {
	return g.Lifetime().Due(j.now, j.policy.Times(g.Host()))
}

// why returns why a session does not count, or nothing.
func (j judge) why(g *index.Session) moderation.Reason {
	return j.policy.Judge(g.Lifetime(), j.dead(g), j.now)
}

// newLogin makes a login ready for the indexes. It is done before the lock is taken.
func (s *core) newLogin(j judge, login *moderation.Session) index.Login {
	g := index.NewLogin(login)
	g.Schedule(j.due(g.Session))
	return g
}
