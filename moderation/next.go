package moderation

import "time"

// A situation is one account in one room: what the room says, what usher gave,
// and what the grants say now.
type situation struct {
	has      Affiliation
	given    *Given      // or nil
	entitled bool        // a grant opens the room
	want     Affiliation // by that grant
	grant    ID          // that grant
	lobby    bool        // not a grant but the lobby's lists open it
	inside   bool        // somebody of the account is in the room
	onEnd    Expiry      // what to do when there is none any more
	strict   bool        // owners that no token made are demoted
}

// A step is what to do about a situation. The zero value is nothing.
type step struct {
	set    Affiliation // to set in the room; empty: nothing
	record *Given      // what the ledger says afterwards; nil: as before
	forget bool        // the ledger has no entry afterwards
	remove bool        // the occupant leaves the room
}

// next is the whole of giving and taking back. What somebody else gave is
// never taken back (but by strict), and what somebody else took away is never
// given again by the same grant.
func next(s situation, now time.Time) step {
	if !s.entitled {
		return s.takeBack()
	}
	if s.strict && s.has == Owner && s.want != Owner {
		return s.give(now)
	}
	g := s.given
	switch {
	case s.has == Outcast && g != nil && g.Affiliation == Outcast: // ours, of somebody who was removed
		return s.give(now)
	case s.has == Outcast: // a ban is the room's own affair
		return step{}
	case g == nil, g.TakenAway && g.Grant != s.grant:
		return s.raise(now)
	case g.TakenAway:
		return step{}
	case s.has == g.Affiliation:
		return s.unchanged(now)
	case s.has.rank() > g.Affiliation.rank(), !g.Confirmed, g.Grant != s.grant:
		return s.raise(now)
	}
	taken := *g
	taken.TakenAway = true
	return step{record: &taken}
}

// raise gives what is missing, and otherwise remembers that what there is is
// not ours.
func (s situation) raise(now time.Time) step {
	if s.has.rank() < s.want.rank() {
		return s.give(now)
	}
	r := s.entry(s.has, now)
	r.Foreign, r.Confirmed = true, true
	return s.keep(r)
}

// unchanged is the room as usher last saw it.
func (s situation) unchanged(now time.Time) step {
	r := *s.given
	switch {
	case r.Foreign && s.has.rank() < s.want.rank(), !r.Foreign && s.has != s.want:
		return s.give(now)
	}
	r.Grant, r.Lobby, r.Confirmed, r.End = s.grant, s.lobby, true, ""
	return s.keep(&r)
}

// give sets what the grant says, up or down.
func (s situation) give(now time.Time) step {
	return step{set: s.want, record: s.entry(s.want, now)}
}

func (s situation) entry(a Affiliation, now time.Time) *Given {
	g := &Given{Affiliation: a, Grant: s.grant, Lobby: s.lobby, At: now}
	if s.given != nil {
		g.Room, g.JID = s.given.Room, s.given.JID
	}
	return g
}

// keep is a record, unless it says what the ledger says.
func (s situation) keep(r *Given) step {
	if g := s.given; g != nil {
		same := *r
		same.At = g.At
		if same == *g {
			return step{}
		}
	}
	return step{record: r}
}

// takeBack is for somebody whom no grant lets in any more.
func (s situation) takeBack() step {
	g := s.given
	if s.strict && s.has == Owner {
		return step{set: None, forget: g != nil}
	}
	if g == nil {
		return step{}
	}
	if g.Lobby && s.inside && g.End == "" { // who was let in is not thrown out; when he has left it is taken back
		return step{}
	}
	st := step{forget: true, remove: g.End == EndRevoked || !g.Lobby && s.onEnd == ExpiryRemove}
	if g.End != EndRevoked && g.End != EndKeyGone && !g.Lobby && s.onEnd == ExpiryKeep {
		return st
	}
	if !g.Foreign && !g.TakenAway && s.has == g.Affiliation && s.has != None {
		st.set = None
	}
	return st
}
