package moderation

import (
	"context"
	"time"

	"usher/auth"
	"usher/lobby"
	"usher/metrics"
)

// closeWithin is how long a join waits for a room to let in nobody but members.
const closeWithin = 300 * time.Millisecond

// maxClosedRooms bounds the running rooms in which a login with a token for
// many rooms makes somebody a member at once.
const maxClosedRooms = 100

// lobbyOn reports whether the lobby of a room is on: by what a token or a
// moderator said while the room is there, or else by the configuration.
func (s *Sessions) lobbyOn(h *Host, room RoomName) bool {
	if s.lobby == nil {
		return false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if r := s.rooms[room.JID]; r != nil && r.Lobby != "" {
		return r.Lobby == On
	}
	return h.Lobby.On(room.forLobby())
}

// standing is what somebody is to a room now: by his sessions, and then by the
// lobby. It changes nothing.
func (s *Sessions) standing(h *Host, user string, room RoomName, now time.Time) Decision {
	d := s.decide(h, user, room, now)
	if s.lobby == nil || d.Reason == ReasonServiceAccount {
		return d
	}
	return h.atLobby(d, s.lobbyOn(h, room), s.lobby.Standing(room.forLobby(), user), s.started(room.JID))
}

// atLobby is the whole of the lobby's policy: what becomes of a decision by
// what the lists say of somebody.
func (h *Host) atLobby(d Decision, on bool, list lobby.Standing, started bool) Decision {
	moderator := d.Session != nil && d.Affiliation == Owner
	switch {
	case moderator: // never locked out of his own lobby
		return d
	case list == lobby.Denied && (on || d.Session == nil):
		return refuse(ReasonLobbyDenied, "a moderator or an operator denied it; usher lobby admit lets it in")
	case d.Session != nil && on && d.Session.LobbyBypass == auth.No && !list.Passes():
		return h.wait("the token says that its user waits (lobby_bypass)")
	case d.Session != nil:
		return h.asMember(d, on)
	case d.Reason == ReasonGuest && on && !list.Passes():
		return h.wait("the room's lobby is on")
	case d.Reason == ReasonGuest && on:
		return h.asMember(listed(list), on)
	case d.Reason == ReasonNotStarted && on && list.Passes(): // he is let in once it is, and a member by then
		d.Listed = true
		return h.asMember(d, on)
	case d.Reason == ReasonNotStarted && on:
		d.Knocks = true
		return d
	case d.Reason == ReasonStranger && list.Passes() && (started || list != lobby.ListedDomain):
		return h.asMember(listed(list), on)
	}
	return d
}

func (h *Host) wait(why string) Decision {
	d := refuse(ReasonLobby, "%s; usher lobby admit lets it in, lobby.rooms turns it off", why)
	d.Knocks, d.Waits = true, true
	return d
}

func listed(list lobby.Standing) Decision {
	d := Decision{Allowed: true, Reason: ReasonWhitelist, Affiliation: None, Listed: true}
	if list == lobby.Admitted {
		d.Reason = ReasonAdmitted
	}
	return d
}

// asMember makes somebody who passes a member, where only members come in.
func (h *Host) asMember(d Decision, on bool) Decision {
	if on && h.Lobby.Mode() == lobby.MembersOnly && d.Affiliation == None {
		d.Affiliation = Member
	}
	return d
}

func (s *Sessions) started(room string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r := s.rooms[room]
	return r != nil && r.Started
}

// knock is for somebody who is held back. In a room that only lets members in
// the room itself says so, in the words that clients understand as a lobby, and
// only usher's answer has to be a yes; but not if the room would let him in.
func (m *Service) knock(ctx context.Context, h *Host, room RoomName, user, nick string, d *Decision) {
	notice := m.lobby.Knock(room.JID, user, nick, m.sessions.started(room.JID))
	m.notifier.Knocked(room.JID, user, nick, notice)
	if !d.Waits || h.Lobby.Mode() != lobby.MembersOnly {
		return
	}
	if g := m.sessions.given(room.JID, user); g != nil && g.Affiliation.rank() >= Member.rank() {
		m.effects.Joined(room.JID, user) // what he was given has to be taken back first
		return
	}
	if d.HeldByRoom = m.awaitClosed(ctx, room.JID, user); d.HeldByRoom {
		m.effects.Joined(room.JID, user) // a moderator may have let him in: then he is seen there
	}
}

// awaitClosed reports whether a room is known to let in nobody but members now.
// For one that has just begun, or was not seen since the component is connected,
// it waits a moment.
func (m *Service) awaitClosed(ctx context.Context, room, user string) bool {
	connection := m.rooms.Connection()
	if _, seen := m.sessions.closedRoom(room, connection); seen || connection == 0 || !m.sessions.started(room) {
		return seen
	}
	m.effects.Urgent(room, user)
	ctx, cancel := context.WithTimeout(ctx, closeWithin)
	defer cancel()
	return m.sessions.await(ctx, room, "", func() (bool, time.Duration) {
		_, seen := m.sessions.closedRoom(room, connection)
		return seen, 0
	})
}

// switchLobby wants the lock. It does what a token says of the room's lobby;
// lobby_autostart counts for whoever starts the room.
func (r *roomState) switchLobby(h *Host, g *Session, starts bool) (changed bool) {
	said := g.RoomLobby
	if said == auth.Unsaid && starts {
		said = g.Autostart
	}
	before := r.Lobby
	switch {
	case said == auth.Yes:
		r.Lobby = On
	case said == auth.No && h.affiliation(g) == Owner:
		r.Lobby = Off
	}
	return r.Lobby != before
}

// setRoom changes what is kept of a room, if it is still the same.
func (s *Sessions) setRoom(ctx context.Context, room string, epoch uint64, change func(*roomState)) {
	s.mu.Lock()
	r := s.rooms[room]
	if r == nil || r.epoch != epoch {
		s.mu.Unlock()
		return
	}
	before := r.Room
	change(r)
	delete(s.closed, room)
	if name, err := ParseRoom(room); r.MembersOnly && err == nil {
		s.closed[room] = name
	}
	kept := r.Room
	s.waits.wake(room, "")
	s.mu.Unlock()
	if kept != before {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
		defer cancel()
		_ = s.apply(ctx, metrics.StatePutRoom, Change{PutRoom: &kept})
	}
}

// closedRoom reports whether a room was made to let in members only, and
// whether it was seen to be so on this connection; zero is none.
func (s *Sessions) closedRoom(room string, connection uint64) (was, seen bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r := s.rooms[room]
	if r == nil || !r.MembersOnly {
		return false, false
	}
	return true, connection != 0 && r.closed == connection
}

// ListChanged returns what is touched when somebody was put on the whitelist, or
// taken off it: the rooms that only let members in.
func (s *Sessions) ListChanged(jid string) Touched {
	rooms := keys(&s.mu, s.closed)
	t := Touched{Accounts: make([]AssignmentKey, len(rooms))}
	for i, room := range rooms {
		t.Accounts[i] = AssignmentKey{room, jid}
	}
	return t
}

// closedRooms returns some of the running rooms that only let members in and
// that a session opens without naming them.
func (s *Sessions) closedRooms(h *Host, g *Session) []string {
	p := s.policy.Load()
	names := gather(&s.mu, s.closed, 0, func(_ string, name RoomName) (RoomName, bool) { return name, p.byRoom[name.Domain] == h })
	var list []string
	for _, name := range names { // may be many, and no login waits for it
		if reason, _ := h.opens(g, name); reason == "" {
			if list = append(list, name.JID); len(list) == maxClosedRooms {
				break
			}
		}
	}
	return list
}
