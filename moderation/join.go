package moderation

import (
	"context"
	"strings"
	"time"

	"usher/internal/jid"
	"usher/metrics"
)

// roomRefresh is how old the last join that the state knows may be.
const roomRefresh = 10 * time.Minute

// Join decides whether a user, by his bare JID, may join a room under a
// nickname, which counts only for the list of those who knock. It reads
// nothing but memory, except for a breakout room that is seen for the first
// time, or whose main room the account is not known to have been in: then the
// rooms themselves are asked.
func (m *Service) Join(ctx context.Context, user, room, nick string) Decision {
	name, err := ParseRoom(room)
	if err != nil {
		return refuse(ReasonMalformedRequest, "%v; look at what asks %s", err, JoinPath)
	}
	if len(user) > jid.MaxJID {
		return refuse(ReasonMalformedRequest, "%q is no bare JID; look at what asks %s", clip(user), JoinPath)
	}
	p := m.sessions.policy.Load()
	h := p.byRoom[name.Domain]
	if h == nil {
		return refuse(ReasonUnknownRoom, "%q is none of the MUC components under hosts; add it to muc or breakout of its host, or take muc_http_auth out of that component in Prosody", clip(name.Domain))
	}
	if m.births.settle(ctx, room, m.now) {
		return refuse(ReasonCreatedTwice, "somebody else made the room at the same moment; the client may try again")
	}
	isBreakout := h.breakout[name.Domain]
	if isBreakout && !h.service[user] {
		if name, err = m.mainOf(ctx, h, user, name); err != nil {
			return refuse(ReasonBreakoutUnknown, "%v; have the client join the main room first, and look at usher status for the component", err)
		}
	}
	d := m.sessions.standing(h, user, name, m.now())
	if !isBreakout {
		d = m.begins(ctx, h, name, user, d)
	}
	if d.Allowed && d.Reason == ReasonAdmitted && m.settling(name.JID, user) {
		d = refuse(ReasonLobby, "the room is just being told that it may come in; the next try works")
	}
	switch {
	case d.Knocks:
		m.knock(ctx, h, name, user, nick, &d)
		d.HeldByRoom = d.HeldByRoom && !isBreakout
	case !d.Allowed:
	case isBreakout: // Jitsi's breakout rooms have the affiliations of their main room
		d.Affiliation = None
	default:
		if len(h.Breakout) > 0 {
			m.attended.add(user, name.JID)
		}
		m.sessions.joined(ctx, h, name.JID, d)
		if d.Session != nil || d.Listed || h.Strict { // of others there is nothing to give or to take back
			m.effects.Joined(name.JID, user)
		}
		if m.lobby != nil && d.Reason != ReasonServiceAccount {
			m.lobby.CameIn(name.JID, user)
		}
	}
	if !isBreakout {
		m.unasked.Asked(name.Domain, name.JID, user, d.Allowed || d.HeldByRoom)
	}
	return d
}

// decide is what the user is to the room now, but for the lobby.
func (s *Sessions) decide(h *Host, user string, room RoomName, now time.Time) Decision {
	account, domain, found := strings.Cut(user, "@")
	switch {
	case h.service[user]:
		return Decision{Allowed: true, Reason: ReasonServiceAccount, Affiliation: None}
	case found && domain == h.Host:
		return h.decide(s.judged(accountKey{h.Host, account}, s.judgeBy(h.policy, now)), room)
	case found && h.guests[domain]:
		s.mu.RLock()
		defer s.mu.RUnlock()
		if r := s.rooms[room.JID]; r != nil && r.Started {
			return Decision{Allowed: true, Reason: ReasonGuest, Affiliation: None}
		}
		return refuse(ReasonNotStarted, "guests wait until somebody with a token has joined; have a token holder join first")
	}
	return refuse(ReasonStranger, "%q is neither %s nor one of its guests; add it to guests, or the account to lobby.whitelist or service_accounts, if it may join", clip(domain), h.Host)
}

// judged returns the sessions of an account, judged: what follows is done without
// the lock, as it may take long (regular expressions).
func (s *Sessions) judged(k accountKey, judge func(*Session) Reason) []judged {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return judgeAll(s.byJID[k], judge)
}

// joined remembers a join that was allowed.
func (s *Sessions) joined(ctx context.Context, h *Host, room string, d Decision) {
	now := s.now()
	s.mu.Lock()
	if d.Session != nil {
		d.Session.Used = now
	}
	r := s.rooms[room]
	if r == nil {
		r = s.makeRoom(room)
	}
	starts := d.Session != nil && !r.Started
	stale := r.Started && now.Sub(r.Joined) > roomRefresh
	r.Started = r.Started || starts
	if starts || stale || !r.Started {
		r.Joined = now
	}
	switched := d.Session != nil && r.switchLobby(h, d.Session, starts)
	kept := r.Room
	s.mu.Unlock()
	if starts || stale || switched { // guests depend on it, also after a restart
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
		defer cancel()
		_ = s.apply(within, metrics.StatePutRoom, Change{PutRoom: &kept})
	}
}

// makeRoom wants the lock. It remembers another room.
func (s *Sessions) makeRoom(jid string) *roomState {
	if len(s.rooms) >= s.limits.rooms {
		s.evictRoom()
	}
	s.began = max(s.began+1, s.now().UnixNano()) // no two are the same, also if the clock was set back
	r := &roomState{Room: Room{JID: jid, Began: s.began}}
	s.putRoom(r)
	return r
}

// evictRoom wants the lock. A room goes whose last join is long ago: nobody is
// thrown out by it, only its guests have to wait again.
func (s *Sessions) evictRoom() {
	var oldest *roomState
	n := 0
	for _, r := range s.rooms {
		if oldest == nil || r.Joined.Before(oldest.Joined) {
			oldest = r
		}
		if n++; n == sampledForOldest {
			break
		}
	}
	s.dropRoom(oldest.JID)
	delete(s.closed, oldest.JID)
	if oldest.isKept() && len(s.evicted) < maxEvicted {
		s.evicted = append(s.evicted, oldest.key()) // written by the next sweep
	}
}
