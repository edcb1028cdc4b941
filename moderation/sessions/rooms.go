package sessions

import (
	"context"
	"slices"
	"strings"
	"time"

	"usher/internal/guard"
	"usher/metrics"
	"usher/moderation"
	"usher/moderation/sessions/index"
)

// roomRefresh is how old the last join that the state knows may be.
const roomRefresh = 10 * time.Minute

// maxOpenRooms bounds the running rooms in which a login with a token for many rooms
// makes its account a member at once.
const maxOpenRooms = 100

// Rooms are what is kept of rooms, and of what accounts are in them. Rooms and
// accounts are named by bare JIDs. They are safe for concurrent use.
//
// An epoch tells a room from others of its name since the start: zero is one that
// Prosody has not asked about.
type Rooms struct{ *core }

// Known returns every room that may have occupants, in order.
func (s *Rooms) Known() []string {
	list := append(guard.Keys(&s.mu, s.rooms.all), guard.Keys(&s.mu, s.assigned.rooms)...)
	slices.Sort(list)
	return slices.Compact(list)
}

// Epoch returns the epoch of a room.
func (s *Rooms) Epoch(room string) uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if r := s.rooms.all[room]; r != nil {
		return r.epoch
	}
	return 0
}

// MembersOnly reports whether a room was made to let in members only, and
// whether it was seen to be so on this connection; zero is none.
func (s *Rooms) MembersOnly(room string, connection uint64) (was, seen bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r := s.rooms.all[room]
	if r == nil || !r.MembersOnly {
		return false, false
	}
	return true, connection != 0 && r.seenOn == connection
}

// Lobby returns what a token or a moderator said of the lobby of a room.
func (s *Rooms) Lobby(room string) moderation.Switch {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if r := s.rooms.all[room]; r != nil {
		return r.Lobby
	}
	return ""
}

// SetMembersOnly notes that a room of an epoch was seen to let in members only on a
// connection, or not to.
func (s *Rooms) SetMembersOnly(ctx context.Context, room string, epoch uint64, on bool, connection uint64) {
	s.change(ctx, room, epoch, func(r *roomState) {
		if r.MembersOnly, r.seenOn = on, 0; on {
			r.seenOn = connection
		}
	})
}

// SwitchLobbyOff notes that the lobby of a room of an epoch was switched off in the
// room itself.
func (s *Rooms) SwitchLobbyOff(ctx context.Context, room string, epoch uint64) {
	s.change(ctx, room, epoch, func(r *roomState) { r.Lobby, r.MembersOnly, r.seenOn = moderation.Off, false, 0 })
}

// change changes what is kept of a room, if it is still the same.
func (s *Rooms) change(ctx context.Context, room string, epoch uint64, change func(*roomState)) {
	s.mu.Lock()
	r := s.rooms.all[room]
	if r == nil || r.epoch != epoch {
		s.mu.Unlock()
		return
	}
	before := r.Room
	change(r)
	s.rooms.indexMembersOnly(r)
	kept := r.Room
	s.waits.Wake(room, "")
	s.mu.Unlock()
	if kept != before {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
		defer cancel()
		_ = s.apply(ctx, metrics.StatePutRoom, Change{PutRoom: &kept})
	}
}

// Joined remembers a join that was allowed, by the rules of a host; because of a session,
// or of none.
func (s *Rooms) Joined(ctx context.Context, h *moderation.Host, room string, by *moderation.Session) {
	now := s.now()
	s.mu.Lock()
	if by != nil {
		if g := s.index.Get(by.ID); g != nil {
			g.Use(now)
		}
	}
	r := s.rooms.all[room]
	if r == nil {
		r = s.rooms.add(room, now)
	}
	starts := by != nil && !r.Started
	stale := r.Started && now.Sub(r.Joined) > roomRefresh
	r.Started = r.Started || starts && !h.Relay // there it is who is seen in the room
	if starts || stale || !r.Started {
		r.Joined = now
	}
	before := r.Lobby
	if by != nil {
		r.Lobby = h.SwitchedLobby(before, by, starts)
	}
	kept := r.Room
	s.mu.Unlock()
	if starts && !h.Relay || stale || kept.Lobby != before { // guests depend on it, also after a restart
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
		defer cancel()
		_ = s.apply(within, metrics.StatePutRoom, Change{PutRoom: &kept})
	}
}

// SetStarted notes that a room is started, as a token holder is in it, or is not any more. A
// yes is written when SetStarted returns nil.
func (s *Rooms) SetStarted(ctx context.Context, room string, yes bool) error {
	s.mu.Lock()
	r := s.rooms.all[room]
	if r == nil && yes {
		r = s.rooms.add(room, s.now())
		r.Joined = s.now()
	}
	if r == nil || r.Started == yes {
		s.mu.Unlock()
		return nil
	}
	r.Started = yes
	change := Change{DeleteRoom: r.Key()}
	if kept := r.Room; r.Kept() {
		change = Change{PutRoom: &kept}
	}
	s.waits.Wake(room, "")
	s.mu.Unlock()
	if !yes {
		s.later([]Change{change})
		return nil
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	err := s.apply(within, metrics.StatePutRoom, change)
	if err != nil {
		s.mu.Lock()
		r.Started = false
		s.mu.Unlock()
	}
	return err
}

// StartedHere returns the rooms of relay hosts that are started.
func (s *Rooms) StartedHere() []string {
	p := s.policy.Load()
	return guard.Gather(&s.mu, s.rooms.all, 0, func(room string, r *roomState) (string, bool) {
		_, domain, _ := strings.Cut(room, "@")
		h := p.HostOf(domain)
		return room, r.Started && h != nil && h.Relay
	})
}

// Gone forgets a room of an epoch that is no more. A room into which an account
// was let a moment ago is about to be there.
func (s *Rooms) Gone(ctx context.Context, room string, epoch uint64) {
	var changes []Change
	for more := true; more; {
		s.mu.Lock()
		if r := s.rooms.all[room]; r != nil && (r.epoch != epoch || s.now().Sub(r.Joined) < time.Second) {
			more = false // another one by now
		} else if changes, more = s.assigned.forget(room, s.index, changes); !more && r != nil {
			s.rooms.drop(room)
			changes = append(changes, Change{DeleteRoom: r.Key()})
		}
		s.mu.Unlock()
	}
	s.persist(ctx, changes)
}

// ListChanged returns what is touched when an account was put on the whitelist, or
// taken off it: the rooms that only let members in.
func (s *Rooms) ListChanged(account string) Touched {
	rooms := guard.Keys(&s.mu, s.rooms.membersOnly)
	t := Touched{Accounts: make([]moderation.AssignmentKey, len(rooms))}
	for i, room := range rooms {
		t.Accounts[i] = moderation.AssignmentKey{Room: room, JID: account}
	}
	return t
}

// OfLogin finds where an account was let in before, and the rooms that are there and
// that its token names, by the rules of its host; nil if that has none.
func (s *Rooms) OfLogin(h *moderation.Host, login *moderation.Session) LoginRooms {
	s.mu.RLock()
	rooms := s.assigned.roomsOf(login.JID())
	var named []index.RoomKey
	if g := s.index.Get(login.ID); g != nil { // else it has ended, and what it was given is touched by that
		named = s.index.RoomsOf(g)
	}
	s.mu.RUnlock()
	if h != nil {
		rooms = append(rooms, namedRooms(s.core, h, login, named)...)
	}
	slices.Sort(rooms)
	rooms = slices.Compact(rooms)
	at := LoginRooms{Rooms: rooms, MembersOnly: make([]bool, len(rooms))}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i, room := range rooms {
		_, at.MembersOnly[i] = s.rooms.membersOnly[room]
	}
	at.AnyMembersOnly = len(s.rooms.membersOnly) > 0
	return at
}

// OpenedBy returns some of the running rooms that only let members in and that a
// session opens without naming them, by the rules of its host.
func (s *Rooms) OpenedBy(h *moderation.Host, g *moderation.Session) []string {
	p := s.policy.Load()
	names := guard.Gather(&s.mu, s.rooms.membersOnly, 0, func(
		_ string, name moderation.RoomName) (moderation.RoomName, bool) {
		return name, p.HostOf(name.Domain) == h
	})
	var list []string
	for _, name := range names { // may be many, and no login waits for it
		if reason, _ := h.Opens(g, name); reason == "" {
			if list = append(list, name.JID); len(list) == maxOpenRooms {
				break
			}
		}
	}
	return list
}

// Wildcards returns the last sessions of a host with a token for many rooms that count
// still.
func (s *Rooms) Wildcards(h *moderation.Host) []*moderation.Session {
	judge := s.judge(s.policy.Load())
	s.mu.RLock()
	defer s.mu.RUnlock()
	var list []*moderation.Session
	for _, g := range s.index.Wildcards(h.Host) {
		if judge.why(g) == "" {
			kept := g.Unpack()
			list = append(list, &kept)
		}
	}
	return list
}
