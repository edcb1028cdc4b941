package moderation

import (
	"context"
	"log/slog"
	"time"

	"usher/auth"
)

const (
	sweepEvery = 5 * time.Second
	saveUsed   = time.Minute // how often the last uses of endless grants are written
	maxUsed    = 2000        // at a time
)

// Run ends what has expired, and writes what is behind, until ctx ends.
func (s *Sessions) Run(ctx context.Context) error {
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
			s.Sweep(ctx)
			if now := s.now(); now.Sub(saved) >= saveUsed {
				s.saveUsed(ctx, saved)
				saved = now
			}
		}
	}
}

// Sweep ends the grants whose time is over or whose key has gone, and the
// revocations that keep nobody out any more.
func (s *Sessions) Sweep(ctx context.Context) {
	now := s.now()
	judge := s.judge(now)
	ended := map[End][]*Grant{}
	for _, g := range portions(&s.mu, s.grants) {
		switch judge(g) {
		case ReasonSessionEnded:
			ended[EndExpired] = append(ended[EndExpired], g)
		case ReasonKeyRemoved:
			ended[EndKeyGone] = append(ended[EndKeyGone], g)
		case ReasonNoSession:
			ended[EndRevoked] = append(ended[EndRevoked], g)
		}
	}
	s.persist(ctx, s.expireRevocations(now))
	s.arrivals.expire(now)
	s.forgetEvicted(ctx)
	for why, list := range ended {
		s.end(ctx, list, why)
	}
}

// forgetEvicted deletes from the state the rooms that had to make place, but not
// those that began anew since.
func (s *Sessions) forgetEvicted(ctx context.Context) {
	s.mu.Lock()
	evicted := s.evicted
	s.evicted = nil
	s.mu.Unlock()
	back := setOf(s.there(evicted))
	var changes []Change
	for _, room := range evicted {
		if !back[room] {
			changes = append(changes, Change{DeleteRoom: room})
		}
	}
	s.persist(ctx, changes)
}

func (s *Sessions) expireRevocations(now time.Time) []Change {
	p := s.policy.Load()
	var over []principalID
	for id, v := range portions(&s.mu, s.revoked.byID) {
		if auth.Over(v.end(p), now) {
			over = append(over, id)
		}
	}
	var changes []Change
	for _, id := range over {
		if v := s.dropRevocation(id); v != nil {
			principal := v.Principal()
			changes = append(changes, Change{DeleteRevocation: &principal})
		}
	}
	return changes
}

// end makes grants be no more, and has the rooms looked at in which they were
// used. Why they ended is kept there, until it has been done.
func (s *Sessions) end(ctx context.Context, grants []*Grant, why End) {
	changes, touched := s.drop(grants, why)
	s.persist(ctx, changes)
	s.look(touched)
	if len(grants) > 0 {
		s.log.LogAttrs(ctx, slog.LevelInfo, "sessions ended", slog.String("why", string(why)), slog.Int("n", len(grants)))
	}
}

// endedAtATime bounds what is dropped under the lock, in sessions and in rooms.
const endedAtATime = 64

// drop is end in memory. It returns what is to be written, and what is to be
// looked at.
func (s *Sessions) drop(grants []*Grant, why End) (changes []Change, touched map[GivenKey]bool) {
	touched = map[GivenKey]bool{}
	for len(grants) > 0 {
		s.mu.Lock()
		for n := 0; n < endedAtATime && len(grants) > 0; n++ {
			before := len(touched)
			changes = s.dropOne(grants[0], why, changes, touched)
			n += len(touched) - before
			grants = grants[1:]
		}
		n := len(s.grants)
		s.mu.Unlock()
		s.metrics.Sessions(n)
	}
	return changes, touched
}

// dropOne wants the lock.
func (s *Sessions) dropOne(g *Grant, why End, changes []Change, touched map[GivenKey]bool) []Change {
	if s.grants[g.ID] != g {
		return changes // another login with the same token came in between
	}
	s.remove(g)
	if why == EndRevoked {
		s.revoked.expel(accountKey{g.Host, g.Account}, s.revoked.of(g))
	}
	jid := g.JID()
	for room := range s.ledger.jids[jid] {
		k := GivenKey{room, jid}
		touched[k] = true
		if old := s.ledger.get(k); old.Grant == g.ID || old.Lobby && why == EndRevoked {
			marked := *old
			marked.End = why
			s.ledger.put(&marked)
			if why != EndExpired { // what a start finds without its session has expired
				changes = append(changes, Change{PutGiven: &marked})
			}
		}
	}
	return append(changes, Change{DeleteGrant: g.login()})
}

// look has rooms looked at.
func (s *Sessions) look(touched map[GivenKey]bool) {
	if k := s.keeper.Load(); k != nil {
		for key := range touched {
			k.changed(key.Room, key.JID)
		}
	}
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
	var changes []Change
	for _, g := range portions(&s.mu, s.grants) {
		if g.Used.After(since) && g.Used.After(g.LoggedIn) && g.endless(now) {
			kept := *g
			changes = append(changes, Change{PutGrant: &kept})
			if len(changes) == maxUsed {
				break
			}
		}
	}
	s.persist(ctx, changes)
}
