package moderation

import "time"

// Observed is what is known of one account in one room.
type Observed struct {
	Has        Affiliation // what the room says; [None] if it says nothing
	Assignment *Assignment // what usher gave, or nil
	Inside     bool        // the account is in the room
}

// Desired is what one account is to be to one room.
type Desired struct {
	Entitled    bool        // a session opens the room, or the lobby's lists do
	Ending      bool        // the session behind the assignment is about to be ended, for a reason not on record yet
	Affiliation Affiliation // by that
	Session     ID          // that session
	Lobby       bool        // not a session but the lobby's lists
	OnExpiry    Expiry      // what to do when there is neither any more
	Strict      bool        // owners that no token made are demoted
}

// An Action is what makes a room be as desired. The zero value is nothing.
type Action struct {
	Set    Affiliation // to set in the room; empty: nothing
	Record *Assignment // what is kept of it afterwards; nil: as before
	Forget bool        // nothing is kept of it afterwards
	Remove bool        // the occupant leaves the room
}

// Plan is the whole of giving and taking back. What usher did not give is never taken
// back (but by strict), and what was taken away in the room is never given again by the
// same session.
func Plan(o Observed, d Desired, now time.Time) Action {
	p := planner{o, d, now}
	switch {
	case !p.Entitled && p.Ending: // what is taken back depends on the reason: the run after the end knows it
		return Action{}
	case !p.Entitled:
		return p.takeBack()
	}
	if p.Strict && p.Has == Owner && p.want() != Owner {
		return p.give()
	}
	g := p.Assignment
	switch {
	case p.Has == Outcast && g != nil && g.Affiliation == Outcast: // ours, of an account that was removed
		return p.give()
	case p.Has == Outcast: // a ban is the room's own affair
		return Action{}
	case g == nil, g.Overridden && g.Session != p.Session:
		return p.raise()
	case g.Overridden:
		return Action{}
	case p.Has == g.Affiliation:
		return p.unchanged()
	case p.Has.Rank() > g.Affiliation.Rank(), !g.Confirmed, g.Session != p.Session:
		return p.raise()
	}
	taken := *g
	taken.Overridden = true
	return Action{Record: &taken}
}

// A planner is all that a plan is made of.
type planner struct {
	Observed
	Desired
	now time.Time
}

func (p planner) want() Affiliation { return p.Desired.Affiliation }

// raise gives what is missing, and otherwise remembers that what there is is
// not ours.
func (p planner) raise() Action {
	if p.Has.Rank() < p.want().Rank() {
		return p.give()
	}
	r := p.entry(p.Has)
	r.External, r.Confirmed = true, true
	return p.keep(r)
}

// unchanged is the room as usher last saw it.
func (p planner) unchanged() Action {
	r := *p.Assignment
	switch {
	case r.External && p.Has.Rank() < p.want().Rank(), !r.External && p.Has != p.want():
		return p.give()
	}
	r.Session, r.Lobby, r.Confirmed, r.End = p.Session, p.Lobby, true, ""
	return p.keep(&r)
}

// give sets what the session says, up or down.
func (p planner) give() Action {
	return Action{Set: p.want(), Record: p.entry(p.want())}
}

func (p planner) entry(a Affiliation) *Assignment {
	g := &Assignment{Affiliation: a, Session: p.Session, Lobby: p.Lobby, At: p.now}
	if p.Assignment != nil {
		g.Room, g.JID = p.Assignment.Room, p.Assignment.JID
	}
	return g
}

// keep is a record, unless that is what is kept already.
func (p planner) keep(r *Assignment) Action {
	if g := p.Assignment; g != nil {
		same := *r
		same.At = g.At
		if same == *g {
			return Action{}
		}
	}
	return Action{Record: r}
}

// takeBack is for an account that nothing lets in any more.
func (p planner) takeBack() Action {
	g := p.Assignment
	strict := p.Strict && p.Has == Owner
	switch {
	case g == nil && strict:
		return Action{Set: None}
	case g == nil:
		return Action{}
	// an account that was admitted is not thrown out; when it has left that is taken back
	case g.Lobby && p.Inside && g.End == "" && !strict:
		return Action{}
	}
	a := Action{Forget: true, Remove: g.End == EndRevoked || !g.Lobby && p.OnExpiry == ExpiryRemove}
	if strict {
		a.Set = None
		return a
	}
	if g.End != EndRevoked && g.End != EndKeyGone && !g.Lobby && p.OnExpiry == ExpiryKeep {
		return a
	}
	if !g.External && !g.Overridden && p.Has == g.Affiliation && p.Has != None {
		a.Set = None
	}
	return a
}
