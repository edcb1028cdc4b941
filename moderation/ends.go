package moderation

import (
	"context"
	"log/slog"
	"time"

	"usher/auth"
)

const (
	sweepEvery = 5 * time.Second
	saveUsed   = time.Minute // how often the last uses of endless sessions are written
	maxUsed    = 2000        // at a time
)

// Run ends what has expired, and writes what is behind, until ctx ends. What that
// touches it hands to touch, which is called without a lock.
func (s *Sessions) Run(ctx context.Context, touch func(Touched)) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	saved := s.now()
	for {
		select {
		case <-ctx.Done():
			s.forgetEvicted(ctx)
			s.persist(ctx, s.behind.take())
			s.saveUsed(ctx, saved)
			return nil
		case <-s.behind.wake:
			s.persist(ctx, s.behind.take())
		case <-tick.C:
			touch(s.Sweep(ctx))
			if now := s.now(); now.Sub(saved) >= saveUsed {
				s.saveUsed(ctx, saved)
				saved = now
			}
		}
	}
}

// Sweep ends the sessions whose time is over or whose key has gone, and the
// revocations that keep nobody out any more.
func (s *Sessions) Sweep(ctx context.Context) Touched {
	now := s.now()
	judge := s.judge(now)
	type end struct {
		*Session
		why Reason
	}
	ended := map[Reason][]*Session{}
	for _, e := range gather(&s.mu, s.grants, 0, func(_ ID, g *Session) (end, bool) { why := judge(g); return end{g, why}, why != "" }) {
		ended[e.why] = append(ended[e.why], e.Session)
	}
	s.persist(ctx, s.expireRevocations(now))
	s.forgetEvicted(ctx)
	var touched []AssignmentKey
	touched = append(touched, s.end(ctx, ended[ReasonSessionEnded], EndExpired)...)
	touched = append(touched, s.end(ctx, ended[ReasonKeyRemoved], EndKeyGone)...)
	touched = append(touched, s.end(ctx, ended[ReasonNoSession], EndRevoked)...)
	return Touched{Accounts: touched}
}

// forgetEvicted deletes from the state the rooms that had to make place. One of the
// same name that began since is another.
func (s *Sessions) forgetEvicted(ctx context.Context) {
	s.mu.Lock()
	evicted := s.evicted
	s.evicted = nil
	s.mu.Unlock()
	changes := make([]Change, 0, len(evicted))
	for _, room := range evicted {
		changes = append(changes, Change{DeleteRoom: room})
	}
	s.persist(ctx, changes)
}

func (s *Sessions) expireRevocations(now time.Time) []Change {
	p := s.policy.Load()
	over := gather(&s.mu, s.revoked.byID, 0, func(id principalID, v *Revocation) (principalID, bool) { return id, auth.Over(v.end(p), now) })
	var changes []Change
	for _, id := range over {
		if v := s.dropRevocation(id); v != nil {
			principal := v.Principal()
			changes = append(changes, Change{DeleteRevocation: &principal})
		}
	}
	return changes
}

// end makes sessions be no more, and returns where they were used. Why they ended is
// kept there, until it has been done.
func (s *Sessions) end(ctx context.Context, grants []*Session, why EndReason) (touched []AssignmentKey) {
	changes, touched := s.drop(grants, why)
	s.persist(ctx, changes)
	if len(grants) > 0 {
		s.log.LogAttrs(ctx, slog.LevelInfo, "sessions ended", slog.String("why", string(why)), slog.Int("n", len(grants)))
	}
	return touched
}

// endedAtATime bounds what is dropped under the lock, in sessions and in rooms.
const endedAtATime = 32

// drop is end in memory. It returns what is to be written, and what was touched.
func (s *Sessions) drop(grants []*Session, why EndReason) (changes []Change, touched []AssignmentKey) {
	var some dropped
	for len(grants) > 0 {
		s.mu.Lock()
		for len(grants) > 0 && len(some.changes)+len(some.touched) < 2*endedAtATime {
			s.dropOne(grants[0], why, &some)
			grants = grants[1:]
		}
		n := len(s.grants)
		s.mu.Unlock()
		s.metrics.Sessions(n)
		changes = append(changes, some.changes...)
		touched = append(touched, some.touched...)
		some.changes, some.touched = some.changes[:0], some.touched[:0]
	}
	return changes, touched
}

// dropped is a portion of what drop returns.
type dropped struct {
	changes []Change
	touched []AssignmentKey
}

// dropOne wants the lock.
func (s *Sessions) dropOne(g *Session, why EndReason, d *dropped) {
	if s.grants[g.ID] != g {
		return // another login with the same token came in between
	}
	s.remove(g)
	if why == EndRevoked {
		s.revoked.expel(accountKey{g.Host, g.Account}, s.revoked.of(g))
	}
	jid := g.JID()
	for room := range s.ledger.jids[jid] {
		k := AssignmentKey{room, jid}
		d.touched = append(d.touched, k)
		if old := s.ledger.get(k); old.Session == g.ID || old.Lobby && why == EndRevoked {
			marked := *old
			marked.End = why
			s.ledger.put(&marked)
			if why != EndExpired { // what a start finds without its session has expired
				d.changes = append(d.changes, Change{PutAssignment: &marked})
			}
		}
	}
	d.changes = append(d.changes, Change{DeleteSession: g.login()})
}

// saveUsed writes the last uses that matter after a restart.
func (s *Sessions) saveUsed(ctx context.Context, since time.Time) {
	now := s.now()
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeWithin)
	defer cancel()
	if s.rewrite(within) != nil {
		return
	}
	defer s.rewritten()
	s.persist(ctx, gather(&s.mu, s.grants, maxUsed, func(_ ID, g *Session) (Change, bool) {
		if !g.Used.After(since) || !g.Used.After(g.LoggedIn) || !g.endless(now) {
			return Change{}, false
		}
		kept := *g
		return Change{PutSession: &kept}, true
	}))
}
