package muc

import (
	"context"

	"usher/internal/jid"
	"usher/internal/text"
	"usher/moderation"
)

// A join is one question about an account that wants to come into a room.
type join struct {
	moderation.Place        // of a breakout room, the name of its main room
	user             string // bare JID
	nick             string

	byStream bool   // the gateway sees it: the token of its stream decides
	token    string // that token's print; empty: the stream has none
}

// Join decides whether a user, a bare JID, may join a room under a nickname, which
// counts only for the list of those that knock. It reads nothing but memory, except for
// a breakout room that is seen for the first time, or whose main room the account is not
// known to have been in, and for a room that may begin without Prosody's question: then
// the rooms themselves are asked.
func (m *Service) Join(ctx context.Context, user, room, nick string) moderation.Decision {
	j := join{user: user, nick: nick}
	if refused, ok := m.read(&j, room); !ok {
		return refused
	}
	if m.guard.asked(ctx, room, m.now) {
		return moderation.Refuse(moderation.ReasonCreatedTwice,
			"somebody else made the room at the same moment; the client may try again")
	}
	return m.decide(ctx, &j)
}

// decide decides a join, and does what follows from it.
func (m *Service) decide(ctx context.Context, j *join) moderation.Decision {
	v, d := m.judge(ctx, j)
	if j.Lobby || v.User == "" {
		return d
	}
	if d.Allowed && d.Reason == moderation.ReasonAdmitted && m.settling(&v) {
		d = moderation.Refuse(moderation.ReasonLobby,
			"the room is just being told that it may come in; the next try works")
	}
	if d.Knocks {
		d.HeldByRoom = m.knock(ctx, j, &v, &d) && !j.Breakout
	}
	if j.Breakout && d.Allowed {
		d.Affiliation = moderation.None // Jitsi's breakout rooms have the affiliations of their main room
	}
	if j.byStream {
		m.give(ctx, j, &d)
	}
	m.follow(ctx, j, &d)
	return d
}

// judgeNow is judge by what is there.
func (m *Service) judgeNow(ctx context.Context, j *join) (moderation.View, moderation.Decision) {
	if j.Breakout && !j.Host.IsService(j.user) {
		main, err := m.mainOf(ctx, j.Host, j.user, j.RoomName)
		if err != nil {
			return moderation.View{}, moderation.Refuse(moderation.ReasonBreakoutUnknown,
				"%v; have the client join the main room first, and look at usher status for the component", err)
		}
		m.throughMain(j.user, j.JID, main.JID)
		j.RoomName = main
	}
	v := m.view(ctx, j)
	v.ByStream, v.TokenPrint = j.byStream, j.token
	if j.Lobby {
		return v, j.Host.InLobby(v)
	}
	return v, j.Host.Decide(v)
}

// read finds out where a join is to, or why there is nothing to decide.
func (m *Service) read(j *join, room string) (refused moderation.Decision, ok bool) {
	var err error
	if j.Place, err = m.sessions.Policy().Place(room); err != nil {
		return moderation.Refuse(moderation.ReasonMalformedRequest, "%v; look at what asks %s", err,
			moderation.JoinPath), false
	}
	if len(j.user) > jid.MaxJID {
		return moderation.Refuse(moderation.ReasonMalformedRequest, "%q is no bare JID; look at what asks %s",
			text.Name(j.user), moderation.JoinPath), false
	}
	if j.Host == nil {
		return moderation.Refuse(moderation.ReasonUnknownRoom,
			"%q is none of the MUC components under hosts; add it to muc or breakout of its host, "+
				"or take muc_http_auth out of that component in Prosody", text.Name(j.Domain)), false
	}
	return moderation.Decision{}, true
}

// view is all that the decision depends on. If a room has to be asked, which may take a
// second, that is done first: so what is decided by is of one moment, and of no earlier
// one than the answer. Where Prosody asks about new rooms, or jicofo alone makes them (a
// relay), or the account cannot be the first in one, every room counts as running.
func (m *Service) view(ctx context.Context, j *join) moderation.View {
	told := j.Breakout || j.Host.Relay || m.unasked.Made(j.Domain) || !j.Host.WhoIs(j.user).MayBegin()
	running, why := told, ""
	if !told && m.rooms.Connection() != 0 {
		running, why = m.ask(ctx, j.RoomName, j.user)
	}
	v := m.sessions.View(j.Host, j.user, j.RoomName)
	v.Running, v.NotRunning = running, why
	if !running && why == "" { // nobody can be asked
		v.Running, v.NotRunning = v.Made || m.unasked.EverMade(j.Domain), notTold
	}
	return v
}

// settling reports whether a room that lets in nobody but members is just being
// told that an account is one.
func (m *Service) settling(v *moderation.View) bool {
	if !m.inFlight.InFlight(v.Room.JID, v.User) {
		return false
	}
	was, _ := m.kept.MembersOnly(v.Room.JID, 0) // as it is by now
	return was
}

// follow does what follows from a decision.
func (m *Service) follow(ctx context.Context, j *join, d *moderation.Decision) {
	if j.Breakout {
		return
	}
	room := j.JID
	if d.Allowed {
		if len(j.Host.Breakout) > 0 {
			m.attended.add(j.user, room)
		}
		m.kept.Joined(ctx, j.Host, room, d.Session)
		if d.Session != nil || d.Listed || j.Host.Strict { // of others there is nothing to give or to take back
			m.effects.Joined(room, j.user)
		}
		if m.lobby != nil && d.Reason != moderation.ReasonServiceAccount {
			m.lobby.CameIn(room, j.user)
		}
	}
	if d.HeldByRoom {
		m.unasked.Held(j.Domain, room, j.user)
		return
	}
	m.unasked.Asked(j.Domain, room, j.user, d.Allowed)
}
