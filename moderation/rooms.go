package moderation

import (
	"context"
	"errors"
	"slices"
	"time"

	"usher/metrics"
)

// knownRooms returns every room that somebody may be in.
func (s *Sessions) knownRooms() []string {
	list := append(keys(&s.mu, s.rooms), keys(&s.mu, s.ledger.rooms)...)
	slices.Sort(list)
	return slices.Compact(list)
}

func (s *Sessions) epochOf(room string) uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if r := s.rooms[room]; r != nil {
		return r.epoch
	}
	return 0
}

// given returns what the ledger says of an account. Of one whose session was
// revoked before anybody looked it says nothing, and yet he has to leave.
func (s *Sessions) given(room, jid string) *Assignment {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if g := s.ledger.get(AssignmentKey{room, jid}); g != nil || s.revoked.hit(accountOf(jid)) == nil {
		return g
	}
	return &Assignment{Room: room, JID: jid, Affiliation: None, External: true, End: EndRevoked}
}

func (s *Sessions) ledgerOf(room string) map[string]*Assignment {
	s.mu.RLock()
	given := s.ledger.rooms[room]
	s.mu.RUnlock()
	list := values(&s.mu, given)
	byJID := make(map[string]*Assignment, len(list))
	for _, g := range list {
		byJID[g.JID] = g
	}
	return byJID
}

// Why an entry of the ledger is not written.
var (
	errNotTheRoom = errors.New("the room is another by now, or there is no place to remember it")
	errEnded      = errors.New("the session has ended meanwhile")
	errMoved      = errors.New("somebody else has changed it meanwhile")
	errNotKept    = errors.New("the state cannot be written")
)

// record writes an entry of the ledger in the place of what it was when the room
// was looked at, or of none; but not for a room that was made anew since, nor of
// what rests on a session that has ended since: the entry would hide that.
// Entries are replaced, and never changed. The write is local, and is done also
// while usher stops: what was set in a room must be known at the next start.
func (s *Sessions) record(ctx context.Context, g, was *Assignment, epoch uint64) error {
	if err := s.note(g, was, epoch); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	if s.apply(ctx, metrics.StatePutGiven, Change{PutAssignment: g}) != nil {
		return errNotKept
	}
	return nil
}

// note is record, but of memory alone.
func (s *Sessions) note(g, was *Assignment, epoch uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case g.End == "" && !g.Lobby && s.grants[g.Session] == nil:
		return errEnded
	case !s.sameRoom(g.Room, epoch):
		return errNotTheRoom
	case s.ledger.get(g.key()) != was:
		return errMoved
	case !s.ledger.put(g):
		return errNotTheRoom
	}
	return nil
}

// forget drops an entry of the ledger. If there is another by now, what was set
// for the sake of this one may have undone it: it counts as not confirmed.
func (s *Sessions) forget(ctx context.Context, k AssignmentKey, was *Assignment, epoch uint64) error {
	s.mu.Lock()
	g := s.ledger.get(k)
	switch {
	case g == nil || !s.sameRoom(k.Room, epoch):
		s.mu.Unlock()
		return nil
	case g != was:
		doubtful := *g
		doubtful.Confirmed = false
		s.ledger.put(&doubtful)
		s.mu.Unlock()
		return errMoved
	}
	s.ledger.drop(k)
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	_ = s.apply(ctx, metrics.StateDeleteGiven, Change{DeleteAssignment: &k})
	return nil
}

// sameRoom wants the lock.
func (s *Sessions) sameRoom(room string, epoch uint64) bool {
	r := s.rooms[room]
	return r == nil && epoch == 0 || r != nil && r.epoch == epoch
}

// roomGone forgets a room that is no more. A room into which somebody was let
// a moment ago is about to be there.
func (s *Sessions) roomGone(ctx context.Context, room string, epoch uint64) {
	if name, err := ParseRoom(room); err == nil {
		s.unasked.Gone(name.Domain, room)
	}
	var changes []Change
	for more := true; more; {
		s.mu.Lock()
		if r := s.rooms[room]; r != nil && (r.epoch != epoch || s.now().Sub(r.Joined) < time.Second) {
			more = false // another one by now
		} else if changes, more = s.forgetGivens(room, changes); !more && r != nil {
			s.dropRoom(room)
			delete(s.closed, room)
			changes = append(changes, Change{DeleteRoom: r.key()})
		}
		s.mu.Unlock()
	}
	s.persist(ctx, changes)
}

// forgetGivens wants the lock. It forgets a portion of what was given in a room,
// and reports whether there is more. What owners took away stays, as long as its
// session does.
func (s *Sessions) forgetGivens(room string, changes []Change) (_ []Change, more bool) {
	n := 0
	for jid, g := range s.ledger.rooms[room] {
		if g.Overridden && s.grants[g.Session] != nil {
			continue
		}
		if n++; n > portion {
			return changes, true
		}
		k := AssignmentKey{room, jid}
		s.ledger.drop(k)
		changes = append(changes, Change{DeleteAssignment: &k})
	}
	return changes, false
}
