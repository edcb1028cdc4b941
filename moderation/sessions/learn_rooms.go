package sessions

import (
	"context"
	"iter"

	"usher/internal/guard"
	"usher/metrics"
	"usher/moderation"
)

// LearnRooms merges what other ushers know of rooms with what is known here. It is written before it is known. It
// returns, in the same order, what is known then of each, and the rooms of which something is news.
func (s *Rooms) LearnRooms(ctx context.Context, said []moderation.Room) (
	known []moderation.Room, changed []string, err error) {
	if err := s.loading.await(ctx, s.loading.rooms); err != nil { // else it would be loaded over
		return nil, nil, err
	}
	changes := make([]Change, 0, len(said))
	for i := range said {
		if merged, news := s.mergeRoom(&said[i]); news {
			changes = append(changes, roomChange(&merged))
		}
	}
	if err := s.learn(ctx, metrics.StatePutRoom, changes); err != nil {
		return nil, nil, err
	}
	for i := range said {
		now, news := s.takeOver(&said[i])
		known = append(known, now)
		if news {
			changed = append(changed, said[i].JID)
		}
	}
	return known, changed, nil
}

func roomChange(r *moderation.Room) Change {
	if r.Gone {
		return Change{DeleteRoom: r.Key()}
	}
	return Change{PutRoom: r}
}

func (s *Rooms) mergeRoom(said *moderation.Room) (merged moderation.Room, news bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.mergeRoomLocked(said)
}

func (s *Rooms) mergeRoomLocked(said *moderation.Room) (merged moderation.Room, news bool) {
	old := s.rooms.all[said.JID]
	if old == nil {
		return *said, !said.Gone && len(s.rooms.all) < s.rooms.most
	}
	merged = moderation.MergeRooms(old.Room, *said)
	return merged, merged != old.Room
}

// takeOver has memory know what was learned of a room.
func (s *Rooms) takeOver(said *moderation.Room) (known moderation.Room, news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	merged, news := s.mergeRoomLocked(said)
	if !news {
		return merged, false
	}
	s.rooms.began = max(s.rooms.began, merged.Began)
	old := s.rooms.all[said.JID]
	switch {
	case merged.Gone:
		s.rooms.drop(said.JID)
	case old == nil || old.Began != merged.Began: // another room of the name
		s.rooms.epoch++
		s.rooms.drop(said.JID)
		s.rooms.put(&roomState{Room: merged, epoch: s.rooms.epoch})
	default:
		old.Room = merged
		s.rooms.indexMembersOnly(old)
		s.waits.Wake(said.JID, "")
	}
	return merged, true
}

// LearnAssignments merges what other ushers have given with what is known here, as LearnRooms does.
func (s *Rooms) LearnAssignments(ctx context.Context, said []moderation.Assignment) (
	known []moderation.Assignment, changed []moderation.AssignmentKey, err error) {
	if err := s.loading.await(ctx, s.loading.rooms); err != nil {
		return nil, nil, err
	}
	changes := make([]Change, 0, len(said))
	for i := range said {
		s.mu.RLock()
		merged, news := s.mergeAssignmentLocked(&said[i])
		s.mu.RUnlock()
		if news {
			changes = append(changes, assignmentChange(merged))
		}
	}
	if err := s.learn(ctx, metrics.StatePutGiven, changes); err != nil {
		return nil, nil, err
	}
	for i := range said {
		now, news := s.takeOverAssignment(&said[i])
		known = append(known, now)
		if news {
			changed = append(changed, said[i].Key())
		}
	}
	return known, changed, nil
}

func assignmentChange(g *moderation.Assignment) Change {
	if k := g.Key(); g.Gone {
		return Change{DeleteAssignment: &k}
	}
	return Change{PutAssignment: g}
}

// mergeAssignmentLocked returns a value that nothing changes.
func (s *Rooms) mergeAssignmentLocked(said *moderation.Assignment) (merged *moderation.Assignment, news bool) {
	old := s.assigned.get(said.Key())
	if old == nil {
		copied := *said
		return &copied, !said.Gone
	}
	wins := moderation.MergeAssignments(*old, *said)
	return &wins, wins != *old
}

func (s *Rooms) takeOverAssignment(said *moderation.Assignment) (known moderation.Assignment, news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	merged, news := s.mergeAssignmentLocked(said)
	switch {
	case !news:
	case merged.Gone:
		s.assigned.drop(merged.Key())
	default:
		news = s.assigned.put(merged)
	}
	return *merged, news
}

// AllRooms yields every room that there is when it begins, as it is when it comes to it.
func (s *Rooms) AllRooms() iter.Seq[moderation.Room] {
	all := guard.Values(&s.mu, s.rooms.all)
	return func(yield func(moderation.Room) bool) {
		for _, r := range all {
			s.mu.RLock()
			now, there := r.Room, s.rooms.all[r.JID] == r
			s.mu.RUnlock()
			if there && !yield(now) {
				return
			}
		}
	}
}

// AllAssignments yields what was given in each of the rooms that there are when it begins.
func (s *Rooms) AllAssignments() iter.Seq[moderation.Assignment] {
	rooms := guard.Keys(&s.mu, s.assigned.rooms)
	return func(yield func(moderation.Assignment) bool) {
		for _, room := range rooms {
			for _, g := range s.Assignments(room) {
				if !yield(*g) {
					return
				}
			}
		}
	}
}
