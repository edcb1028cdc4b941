package reconcile

import (
	"context"
	"errors"
	"log/slog"

	"usher/internal/logattr"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/sessions"
)

// closeRoom sees to it that a room whose lobby is on, and held by the room
// itself, only lets members in. Nobody who is there is thrown out by it. Once it
// was seen to be so a moderator may open the room by hand, and it stays open. On
// a new connection it has to be seen anew: Prosody may have been restarted.
func (p *pass) closeRoom(ctx context.Context) error {
	if p.lobby == nil {
		return nil
	}
	on := p.rules.Lobby.Mode() == lobby.MembersOnly && p.rules.LobbyOn(p.name, p.kept.Lobby(p.room))
	connection := p.rooms.Connection()
	was, seen := p.kept.MembersOnly(p.room, connection)
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
		p.kept.SwitchLobbyOff(ctx, p.room, p.epoch)
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
	p.kept.SetMembersOnly(ctx, p.room, p.epoch, on, connection)
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
	for _, jid := range p.expected() {
		if !p.jids[jid] && !p.rules.IsService(jid) {
			p.jids[jid] = true
			if _, err := p.one(ctx, jid); err != nil {
				return err
			}
		}
	}
	for _, o := range p.occupants {
		if a := p.has[o.JID]; a != "" && a != moderation.None || p.rules.IsService(o.JID) {
			continue
		}
		if g := p.given(o.JID); g != nil && g.End != "" { // has to leave anyway
			continue
		}
		g := &moderation.Assignment{Room: p.room, JID: o.JID, Affiliation: moderation.Member, At: p.now(), Lobby: true}
		switch err := p.record(ctx, g); {
		case errors.Is(err, sessions.ErrMoved): // somebody else gives him something
			continue
		case err != nil:
			return err
		}
		err := p.rooms.SetAffiliation(ctx, p.room, o.JID, moderation.Member)
		p.metrics.Affiliation(string(moderation.Member), err == nil)
		if err != nil && !errors.Is(err, moderation.ErrRefused) {
			return err
		}
		p.has[o.JID] = moderation.Member
	}
	return nil
}

// expected returns who may come into a room without another login: those on the
// lists, and the last who logged in with a token for many rooms, however long ago
// that was.
func (p *pass) expected() []string {
	list := p.lobby.Members(p.name.ForLobby(), moderation.MaxSeeded)
	for _, g := range p.kept.Wildcards(p.rules) {
		if reason, _ := p.rules.Opens(g, p.name); reason == "" {
			list = append(list, g.JID())
		}
	}
	return list
}
