package moderation

import (
	"context"
	"errors"
	"log/slog"

	"usher/internal/logattr"
	"usher/lobby"
)

// closeRoom sees to it that a room whose lobby is on, and held by the room
// itself, only lets members in. Nobody who is there is thrown out by it. Once it
// was seen to be so a moderator may open the room by hand, and it stays open. On
// a new connection it has to be seen anew: Prosody may have been restarted.
func (p *pass) closeRoom(ctx context.Context) error {
	s := p.sessions
	if p.lobby == nil {
		return nil
	}
	on := p.rules.Lobby.Mode() == lobby.MembersOnly && s.lobbyOn(p.rules, p.name)
	connection := p.rooms.Connection()
	was, seen := s.closedRoom(p.room, connection)
	if !on && !was {
		return nil
	}
	is, err := p.rooms.MembersOnly(ctx, p.room)
	switch {
	case err != nil:
		return err
	case on && seen && is:
		return nil
	case on && seen:
		p.log.LogAttrs(ctx, slog.LevelInfo, "lobby switched off in the room itself", logattr.Room(p.room))
		s.setRoom(ctx, p.room, p.epoch, func(r *roomState) { r.Lobby, r.MembersOnly, r.closed = Off, false, 0 })
		return nil
	case on:
		if err := p.keepIn(ctx); err != nil {
			return err
		}
	}
	if is != on {
		if err := p.rooms.SetMembersOnly(ctx, p.room, on); err != nil {
			return err
		}
		p.log.LogAttrs(ctx, slog.LevelInfo, "lobby switched", logattr.Room(p.room), slog.Bool("on", on))
	}
	s.setRoom(ctx, p.room, p.epoch, func(r *roomState) {
		if r.MembersOnly, r.closed = on, 0; on {
			r.closed = connection
		}
	})
	if !on || is {
		return nil
	}
	return p.keepInAgain(ctx)
}

// keepInAgain is for those who came in while the room was being closed.
func (p *pass) keepInAgain(ctx context.Context) error {
	if err := p.read(ctx); err != nil {
		return err
	}
	return p.keepIn(ctx)
}

// keepIn makes a member of everybody who is in the room, or may be about to
// come: a room that only lets members in puts out all others.
func (p *pass) keepIn(ctx context.Context) error {
	s := p.sessions
	for _, jid := range s.expected(p.rules, p.name) {
		if !p.jids[jid] && !p.rules.service[jid] {
			p.jids[jid] = true
			if _, err := p.one(ctx, jid); err != nil {
				return err
			}
		}
	}
	for _, o := range p.occupants {
		if a := p.has[o.JID]; a != "" && a != None || p.rules.service[o.JID] {
			continue
		}
		if g := s.given(p.room, o.JID); g != nil && g.End != "" { // has to leave anyway
			continue
		}
		g := &Assignment{Room: p.room, JID: o.JID, Affiliation: Member, At: p.now(), Lobby: true}
		switch err := p.record(ctx, g); {
		case errors.Is(err, errMoved): // somebody else gives him something
			continue
		case err != nil:
			return err
		}
		err := p.rooms.SetAffiliation(ctx, p.room, o.JID, Member)
		p.metrics.Affiliation(string(Member), err == nil)
		if err != nil && !errors.Is(err, ErrRefused) {
			return err
		}
		p.has[o.JID] = Member
	}
	return nil
}

// expected returns who may come into a room without another login: those on the
// lists, and the last who logged in with a token for many rooms, however long ago
// that was.
func (s *Sessions) expected(h *Host, room RoomName) []string {
	list := s.lobby.Members(room.forLobby(), maxSeeded)
	for _, g := range s.lastWild(h) {
		if reason, _ := h.opens(g, room); reason == "" {
			list = append(list, g.JID())
		}
	}
	return list
}

// lastWild returns the last logins of a host with a token for many rooms that
// count still.
func (s *Sessions) lastWild(h *Host) []*Session {
	good := s.judge(s.now())
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]*Session, 0, maxWild)
	for _, id := range s.wild[h.Host] {
		if g := s.grants[id]; g != nil && good(g) == "" {
			list = append(list, g)
		}
	}
	return list
}
