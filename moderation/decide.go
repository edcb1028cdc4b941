package moderation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"usher/internal/logattr"
	"usher/lobby"
)

const (
	letInWithin = 5 * time.Second // a decision waits for the room to have the membership
	inviteLater = time.Minute     // an invitation waits for it, after the decision
)

// ErrNotYet is of a decision that holds, while the room cannot be made to let the
// account in yet.
var ErrNotYet = errors.New("the decision holds, but the room cannot be changed yet: the account is invited once it lets it in; " +
	"usher status says whether the component is connected")

// Decide admits an account that waits in a room, or denies. Whoever is admitted
// gets an invitation once the room has the membership, and Decide returns when
// that is so; at the latest after 5 s, with [ErrNotYet].
func (c *LobbyCommands) Decide(ctx context.Context, v lobby.Verdict) error {
	return c.decideAll(ctx, []lobby.Verdict{v})
}

// decideAll decides about several, one after the other until one fails, and then
// waits for all that were admitted together: they are invited also if a decision
// after theirs failed.
func (c *LobbyCommands) decideAll(ctx context.Context, list []lobby.Verdict) error {
	ctx, cancel := context.WithTimeout(ctx, letInWithin)
	defer cancel()
	admitted := map[AssignmentKey]bool{} // whether it is news
	var failed, late error
	for _, v := range list {
		var news bool
		if news, failed = c.decideOne(ctx, v); failed != nil {
			break
		}
		if v.Admitted {
			admitted[AssignmentKey{v.Room, v.JID}] = news
		}
	}
	for key, news := range admitted {
		if !c.sessions.awaitLetIn(ctx, key) {
			late = ErrNotYet
		}
		if news {
			c.invite(key)
		}
	}
	return cmp.Or(failed, late)
}

func (c *LobbyCommands) decideOne(ctx context.Context, v lobby.Verdict) (news bool, err error) {
	news, err = c.lobby.Decide(ctx, v)
	switch {
	case errors.Is(err, lobby.ErrNotWaiting):
		return false, fmt.Errorf("%w; usher lobby knocks lists who does, usher lobby allow lets in who does not", err)
	case err != nil:
		return false, err
	}
	c.log.LogAttrs(ctx, slog.LevelInfo, "lobby: decided", logattr.Room(v.Room), logattr.Account(v.JID),
		slog.Bool("admitted", v.Admitted), slog.String("by", clip(cmp.Or(v.By, "an operator"))))
	if v.Admitted {
		c.sessions.forgetTaken(ctx, AssignmentKey{v.Room, v.JID})
	}
	c.urgent(v.Room, v.JID)
	return news, nil
}

// forgetTaken forgets that somebody took a membership away: admitting is a new
// decision.
func (s *Sessions) forgetTaken(ctx context.Context, key AssignmentKey) {
	s.mu.Lock()
	g := s.ledger.get(key)
	taken := g != nil && g.Overridden
	if taken {
		s.ledger.drop(key)
	}
	s.mu.Unlock()
	if taken {
		s.persist(ctx, []Change{{DeleteAssignment: &key}})
	}
}

// awaitLetIn waits until the room would let an admitted account in, at the first
// try.
func (s *Sessions) awaitLetIn(ctx context.Context, key AssignmentKey) bool {
	return s.await(ctx, key.Room, key.JID, func() (bool, time.Duration) { return s.canComeIn(key) })
}

// canComeIn reports whether an admitted account would be let in by the room. If it
// only has to settle it says for how long.
func (s *Sessions) canComeIn(key AssignmentKey) (yes bool, settles time.Duration) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, g := s.rooms[key.Room], s.ledger.get(key)
	switch {
	case r == nil || !r.MembersOnly:
		return true, 0
	case !g.isMember() || !g.Confirmed:
		return false, 0
	}
	settles = membershipSettles - s.now().Sub(g.At)
	return settles <= 0, min(settles, membershipSettles) // the clock may have been set back
}

func (g *Assignment) isMember() bool {
	return g != nil && !g.Overridden && g.Affiliation.rank() >= Member.rank()
}
