package sessions

import (
	"context"
	"errors"
	"time"

	"usher/internal/guard"
	"usher/metrics"
	"usher/moderation"
)

// Why an assignment is not written.
var (
	ErrNotTheRoom = errors.New("the room is another by now, or there is no place to remember it")
	ErrEnded      = errors.New("the session has ended meanwhile")
	ErrMoved      = errors.New("somebody else has changed it meanwhile")
	ErrNotKept    = errors.New("the state cannot be written")
)

// MembershipSettles is how long after it was set a membership may be unknown to a join
// that is under way: one whose role Prosody computed before is put out again. Prosody's
// question about such a join is here well within this time.
const MembershipSettles = 100 * time.Millisecond

// Assignment returns what an account was given in a room, or nil. One whose session
// was revoked has to leave, also if nothing was given.
func (s *Rooms) Assignment(k moderation.AssignmentKey) *moderation.Assignment {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.assignmentLocked(k)
}

// Assignments returns what was given in a room, by account.
func (s *Rooms) Assignments(room string) map[string]*moderation.Assignment {
	s.mu.RLock()
	given := s.assigned.rooms[room]
	s.mu.RUnlock()
	list := guard.Values(&s.mu, given)
	byJID := make(map[string]*moderation.Assignment, len(list))
	for _, g := range list {
		byJID[g.JID] = g
	}
	return byJID
}

// Put writes an assignment in the place of what it was when the room was read, or of
// none; but not for a room that was made anew since, nor of what rests on a session
// that has ended since: the entry would hide that. Assignments are replaced, and never
// changed. The write is local, and is done also while usher stops: what was set in a
// room must be known at the next start.
func (s *Rooms) Put(ctx context.Context, g, was *moderation.Assignment, epoch uint64) error {
	if err := s.Note(g, was, epoch); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	if s.apply(ctx, metrics.StatePutGiven, Change{PutAssignment: g}) != nil {
		return ErrNotKept
	}
	return nil
}

// Note is Put, but of memory alone.
func (s *Rooms) Note(g, was *moderation.Assignment, epoch uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case g.End == "" && !g.Lobby && s.index.Get(g.Session) == nil:
		return ErrEnded
	case !s.rooms.same(g.Room, epoch):
		return ErrNotTheRoom
	case s.assigned.get(g.Key()) != was:
		return ErrMoved
	case !s.assigned.put(g):
		return ErrNotTheRoom
	}
	return nil
}

// Drop drops an assignment. If there is another by now, what was set for the sake of
// this one may have undone it: it counts as not confirmed.
func (s *Rooms) Drop(ctx context.Context, k moderation.AssignmentKey, was *moderation.Assignment, epoch uint64) error {
	s.mu.Lock()
	g := s.assigned.get(k)
	switch {
	case g == nil || !s.rooms.same(k.Room, epoch):
		s.mu.Unlock()
		return nil
	case g != was:
		doubtful := *g
		doubtful.Confirmed = false
		s.assigned.put(&doubtful)
		s.mu.Unlock()
		return ErrMoved
	}
	s.assigned.drop(k)
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	_ = s.apply(ctx, metrics.StateDeleteGiven, Change{DeleteAssignment: &k})
	return nil
}

// DropOverridden forgets that an affiliation was taken away in the room.
func (s *Rooms) DropOverridden(ctx context.Context, k moderation.AssignmentKey) {
	s.mu.Lock()
	g := s.assigned.get(k)
	taken := g != nil && g.Overridden
	if taken {
		s.assigned.drop(k)
	}
	s.mu.Unlock()
	if taken {
		s.persist(ctx, []Change{{DeleteAssignment: &k}})
	}
}

// AwaitLetIn waits until a room would let an admitted account in, at the first try, or
// until ctx ends.
func (s *Rooms) AwaitLetIn(ctx context.Context, k moderation.AssignmentKey) bool {
	return s.waits.Await(ctx, &s.mu, k.Room, k.JID, func() (yes bool, again time.Duration) {
		s.mu.RLock()
		defer s.mu.RUnlock()
		r, g := s.rooms.all[k.Room], s.assigned.get(k)
		switch {
		case r == nil || !r.MembersOnly:
			return true, 0
		case !g.IsMember() || !g.Confirmed:
			return false, 0
		}
		again = MembershipSettles - s.now().Sub(g.At)
		return again <= 0, min(again, MembershipSettles) // it only has to settle; the clock may have been set back
	})
}

// AwaitMembersOnly waits until a room was seen to let in members only on a connection,
// or until ctx ends.
func (s *Rooms) AwaitMembersOnly(ctx context.Context, room string, connection uint64) bool {
	return s.waits.Await(ctx, &s.mu, room, "", func() (bool, time.Duration) {
		_, seen := s.MembersOnly(room, connection)
		return seen, 0
	})
}
