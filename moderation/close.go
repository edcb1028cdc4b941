package moderation

import (
	"context"
	"errors"
	"log/slog"

	"usher/lobby"
)

// closeRoom sees to it that a room whose lobby is on, and held by the room
// itself, only lets members in. Nobody who is there is thrown out by it. Once it
// was so, a moderator may open the room by hand, and it stays open.
func (p *pass) closeRoom(ctx context.Context) error {
	s := p.sessions
	if s.lobby == nil {
		return nil
	}
	on := p.rules.Lobby.Mode() == lobby.MembersOnly && s.lobbyOn(p.rules, p.name)
	was := s.room(p.room).MembersOnly
	if !on && !was {
		return nil
	}
	is, err := p.rooms.MembersOnly(ctx, p.room)
	switch {
	case err != nil:
		return err
	case on && was && is:
		return nil
	case on && was:
		p.log.LogAttrs(ctx, slog.LevelInfo, "lobby switched off in the room itself", slog.String("room", clip(p.room)))
		s.setRoom(ctx, p.room, p.epoch, func(r *Room) { r.Lobby, r.MembersOnly = Off, false })
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
	}
	p.log.LogAttrs(ctx, slog.LevelInfo, "lobby switched", slog.String("room", clip(p.room)), slog.Bool("on", on))
	s.setRoom(ctx, p.room, p.epoch, func(r *Room) { r.MembersOnly = on })
	if on { // who came in since the list of occupants was read
		again, err := p.rooms.Occupants(ctx, p.room)
		if err != nil {
			return err
		}
		p.occupants = again
		return p.keepIn(ctx)
	}
	return nil
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
		now := s.now()
		g := &Given{Room: p.room, JID: o.JID, Affiliation: Member, At: now, Lobby: true}
		if err := s.record(ctx, g, p.epoch); err != nil {
			return err
		}
		err := p.rooms.SetAffiliation(ctx, p.room, o.JID, Member)
		s.metrics.Affiliation(string(Member), err == nil)
		if err != nil && !errors.Is(err, ErrRefused) {
			return err
		}
		p.has[o.JID] = Member
	}
	return nil
}

// expected returns who may come into a room without another login: those on the
// lists, and whoever logged in lately with a token for many rooms.
func (s *Sessions) expected(h *hostRules, room RoomName) []string {
	list := s.lobby.Members(room.forLobby(), maxSeeded)
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, id := range s.wild[h.Host] {
		if g := s.grants[id]; g != nil {
			if reason, _ := h.opens(g, room); reason == "" {
				list = append(list, g.JID())
			}
		}
	}
	return list
}
