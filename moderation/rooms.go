package moderation

import (
	"context"
	"time"
)

// knownRooms returns every room that somebody may be in.
func (s *Sessions) knownRooms() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	set := map[string]bool{}
	for room := range s.rooms {
		set[room] = true
	}
	for room := range s.ledger.rooms {
		set[room] = true
	}
	return sorted(set)
}

func (s *Sessions) epochOf(room string) uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if r := s.rooms[room]; r != nil {
		return r.epoch
	}
	return 0
}

func (s *Sessions) given(room, jid string) *Given {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.ledger.get(GivenKey{room, jid})
}

func (s *Sessions) ledgerOf(room string) map[string]*Given {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make(map[string]*Given, len(s.ledger.rooms[room]))
	for jid, g := range s.ledger.rooms[room] {
		list[jid] = g
	}
	return list
}

// record writes an entry of the ledger, unless the room was made anew since
// it was looked at, or there is no place.
func (s *Sessions) record(ctx context.Context, g *Given, epoch uint64) bool {
	s.mu.Lock()
	ok := s.sameRoom(g.Room, epoch) && s.ledger.put(g)
	s.mu.Unlock()
	return ok && s.apply(ctx, "put_given", Change{PutGiven: g}) == nil
}

func (s *Sessions) forget(ctx context.Context, k GivenKey, epoch uint64) {
	s.mu.Lock()
	same := s.sameRoom(k.Room, epoch)
	if same {
		s.ledger.drop(k)
	}
	s.mu.Unlock()
	if same {
		_ = s.apply(ctx, "delete_given", Change{DeleteGiven: &k})
	}
}

// sameRoom wants the lock.
func (s *Sessions) sameRoom(room string, epoch uint64) bool {
	r := s.rooms[room]
	return r == nil && epoch == 0 || r != nil && r.epoch == epoch
}

// roomGone forgets a room that is no more. A room into which somebody was let
// a moment ago is about to be there.
func (s *Sessions) roomGone(ctx context.Context, room string, epoch uint64) {
	s.mu.Lock()
	if r := s.rooms[room]; r != nil && (r.epoch != epoch || s.now().Sub(r.Joined) < time.Second) {
		s.mu.Unlock()
		return
	}
	var changes []Change
	for jid, g := range s.ledger.rooms[room] {
		if g.TakenAway && s.grants[g.Grant] != nil {
			continue
		}
		k := GivenKey{room, jid}
		s.ledger.drop(k)
		changes = append(changes, Change{DeleteGiven: &k})
	}
	if r := s.rooms[room]; r != nil {
		delete(s.rooms, room)
		changes = append(changes, Change{DeleteRoom: room})
	}
	s.mu.Unlock()
	s.persist(ctx, changes)
}
