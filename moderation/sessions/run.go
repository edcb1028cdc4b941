package sessions

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"usher/auth"
	"usher/internal/guard"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/sessions/index"
)

const (
	sweepEvery = 5 * time.Second
	idleEvery  = 30 * time.Second // as long as there is nothing that could end
	saveUsed   = time.Minute      // how often the last uses of endless sessions are written
	maxUsed    = 2000             // at a time
)

// Run ends what has expired, and writes what is behind, until ctx ends. What that
// touches it hands to touch, which is called without a lock.
func (s *Sessions) Run(ctx context.Context, touch func(Touched)) error {
	saved := s.now()
	loaded := s.loading.all
	var sweep *time.Timer
	var due <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			s.forgetEvicted(ctx)
			s.persist(ctx, s.behind.take())
			s.saveUsed(ctx, saved)
			return nil
		case <-s.behind.wake:
			s.persist(ctx, s.behind.take())
		case <-loaded: // what is not there yet has not expired
			loaded = nil
			sweep = time.NewTimer(sweepEvery)
			defer sweep.Stop()
			due = sweep.C
		case <-due:
			touch(s.Sweep(ctx))
			if now := s.now(); now.Sub(saved) >= saveUsed {
				s.saveUsed(ctx, saved)
				saved = now
			}
			sweep.Reset(s.sweepAfter())
		}
	}
}

// sweepAfter is how long nothing is to be swept.
func (s *core) sweepAfter() time.Duration {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.index.Len() == 0 && len(s.revoked.byID) == 0 {
		return idleEvery
	}
	return sweepEvery
}

// Sweep ends the sessions whose time is over or whose key has gone, and the revocations that
// keep nobody out any more. It looks at those alone whose time has come, unless a key has gone
// or something was revoked.
func (s *Sessions) Sweep(ctx context.Context) Touched {
	p := s.policy.Load()
	return s.sweep(ctx, p, s.lookAtAll.Swap(false) || s.keysGone(p))
}

func (s *core) sweep(ctx context.Context, p *moderation.Policy, all bool) Touched {
	judge := s.judge(p)
	ended := s.takeDue(judge)
	if all {
		ended = append(ended, s.allEnded(judge)...) // one may come twice, and ends once
	}
	s.persist(ctx, s.expireRevocations(judge.now))
	s.forgetEvicted(ctx)
	return s.finish(ctx, ended)
}

// forgetEvicted deletes from the state the rooms that had to make place. One of the
// same name that began since is another.
func (s *core) forgetEvicted(ctx context.Context) {
	s.mu.Lock()
	evicted := s.rooms.evicted
	s.rooms.evicted = nil
	s.mu.Unlock()
	changes := make([]Change, 0, len(evicted))
	for _, room := range evicted {
		changes = append(changes, Change{DeleteRoom: room})
	}
	s.persist(ctx, changes)
}

// expireRevocations drops the revocations that are over. Where a longer bound on tokens' lives is in force than the one
// by which a revocation was settled, it has a later end from now on, whatever bound follows.
func (s *core) expireRevocations(now time.Time) []Change {
	type due struct {
		id   index.PrincipalID
		v    *moderation.Revocation
		ends time.Time
	}
	p := s.policy.Load()
	list := guard.Gather(&s.mu, s.revoked.byID, 0, func(id index.PrincipalID, v *moderation.Revocation) (due, bool) {
		ends := v.EndBy(p)
		return due{id, v, ends}, auth.Over(ends, now) || !ends.Equal(v.End())
	})
	var changes []Change
	for _, d := range list {
		if !auth.Over(d.ends, now) {
			if longer := s.extendRevocation(d.id, d.v, d.ends); longer != nil {
				changes = append(changes, Change{PutRevocation: longer})
			}
		} else if v := s.dropRevocation(d.id, d.v); v != nil {
			principal := v.Principal()
			changes = append(changes, Change{DeleteRevocation: &principal})
		}
	}
	return s.forgetLifted(now, changes)
}

// extendRevocation has a revocation end later, and returns what it is then, or nil if another has taken its
// place meanwhile.
func (s *core) extendRevocation(id index.PrincipalID, v *moderation.Revocation, ends time.Time) *moderation.Revocation {
	longer := *v
	longer.Expires = ends
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.revoked.byID[id] != v {
		return nil
	}
	s.revoked.byID[id] = &longer
	return &longer
}

// liftedLasts is how long a lifting is remembered: an usher that was away for longer tells
// the others nothing of what it knew.
const liftedLasts = lobby.TombstoneLasts

func (s *core) forgetLifted(now time.Time, changes []Change) []Change {
	over := guard.Gather(&s.mu, s.revoked.lifted, 0, func(
		id index.PrincipalID, v *moderation.Revocation) (index.PrincipalID, bool) {
		return id, auth.Over(v.End(), now) || now.Sub(v.Lifted) >= liftedLasts
	})
	for _, id := range over {
		s.mu.Lock()
		v := s.revoked.lifted[id]
		delete(s.revoked.lifted, id)
		s.mu.Unlock()
		if v != nil {
			principal := v.Principal()
			changes = append(changes, Change{DeleteRevocation: &principal})
		}
	}
	return changes
}

// dropRevocation takes a revocation out of force, and returns what it was, or nil: if
// only one is meant, and another has taken its place. The accounts that it knows count
// for nothing without it, and are forgotten in portions.
func (s *core) dropRevocation(id index.PrincipalID, only *moderation.Revocation) *moderation.Revocation {
	s.mu.Lock()
	v := s.revoked.byID[id]
	if v == nil || only != nil && only != v {
		s.mu.Unlock()
		return nil
	}
	delete(s.revoked.byID, id)
	s.mu.Unlock()
	for jids := range slices.Chunk(v.Accounts, guard.Portion) {
		s.mu.Lock()
		for _, jid := range jids {
			if account := index.AccountOf(jid); s.revoked.expelled[account] == id {
				delete(s.revoked.expelled, account)
			}
		}
		s.mu.Unlock()
	}
	return v
}

// end makes sessions be no more, and returns where they were used. Why they ended is
// kept there, until it has been done.
func (s *core) end(ctx context.Context, list []*index.Session,
	why moderation.EndReason) (touched []moderation.AssignmentKey) {
	changes, touched := s.drop(list, why)
	s.persist(ctx, changes)
	if len(list) > 0 {
		s.log.LogAttrs(ctx, slog.LevelInfo, "sessions ended", slog.String("why", string(why)), slog.Int("n", len(list)))
	}
	return touched
}

// endedAtATime bounds what is dropped under the lock, in sessions and in rooms.
const endedAtATime = 8

// drop is end in memory. It returns what is to be written, and what was touched.
func (s *core) drop(list []*index.Session, why moderation.EndReason) (
	changes []Change, touched []moderation.AssignmentKey) {
	var some dropped
	for len(list) > 0 {
		s.mu.Lock()
		for len(list) > 0 && len(some.changes)+len(some.touched) < 2*endedAtATime {
			s.dropOneLocked(list[0], why, &some)
			list = list[1:]
		}
		n := s.index.Len()
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
	touched []moderation.AssignmentKey
}

// dropOneLocked wants the lock.
func (s *core) dropOneLocked(g *index.Session, why moderation.EndReason, d *dropped) {
	if !s.index.Has(g) {
		return // another login with the same token came in between
	}
	s.index.Remove(g)
	if s.gone != nil {
		s.gone[g.ID()] = true
	}
	if why == moderation.EndRevoked {
		s.revoked.expel(g.Account(), s.revoked.of(g))
	}
	jid := g.JID()
	for room := range s.assigned.jids[jid] {
		k := moderation.AssignmentKey{Room: room, JID: jid}
		d.touched = append(d.touched, k)
		if old := s.assigned.get(k); old.Session == g.ID() || old.Lobby && why == moderation.EndRevoked {
			marked := *old
			marked.End = why
			s.assigned.put(&marked)
			if why != moderation.EndExpired { // what a start finds without its session has expired
				d.changes = append(d.changes, Change{PutAssignment: &marked})
			}
		}
	}
	d.changes = append(d.changes, Change{DeleteSession: g.Login()})
}

// saveUsed writes the last uses that matter after a restart.
func (s *core) saveUsed(ctx context.Context, since time.Time) {
	now := s.now()
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeWithin)
	defer cancel()
	if s.writes.take(within) != nil {
		return
	}
	defer s.writes.release()
	s.persist(ctx, index.Gather(&s.mu, s.index, maxUsed, func(g *index.Session) (Change, bool) {
		if !g.Used().After(since) || !g.Used().After(g.LoggedIn()) || !g.Lifetime().Endless(now) {
			return Change{}, false
		}
		kept := s.index.Copy(g)
		return Change{PutSession: &kept}, true
	}))
}

// Enforce ends the sessions that the policy in force does not allow. It touches
// every room.
func (s *Sessions) Enforce(ctx context.Context) Touched {
	t := s.sweep(ctx, s.policy.Load(), true)
	t.All = true
	return t
}
