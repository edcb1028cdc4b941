package moderation

import (
	"fmt"
	"strings"
	"time"

	"usher/internal/text"
)

// A Decision is the answer to "may X join R, and as what?".
type Decision struct {
	Allowed     bool
	Reason      Reason
	Detail      string      // for the operator
	Affiliation Affiliation // what the account is to the room by its token; None without one
	Session     *Session    // what it rests on, or nil

	Listed     bool // it rests on the lobby's lists; with a refusal: it is a member, and waits for something else
	Knocks     bool // refused, and to be listed among those who wait
	Waits      bool // refused for the lobby alone
	HeldByRoom bool // refused by the room itself, which only lets members in
}

// Refuse is the decision that says no, and why: the text is for the operator.
func Refuse(r Reason, format string, args ...any) Decision {
	return Decision{Reason: r, Detail: fmt.Sprintf(format, args...), Affiliation: None}
}

// Decide says whether an account may join a room now, and as what.
//
// It is also about rooms that begin without Prosody having asked usher what they
// begin with (mod_muc_http_defaults is missing, or a room has emptied since its
// guests were let in): Prosody makes its creator an owner before it asks about the
// join. So a guest is let into a room only that is known to be there, and nobody
// waits at the lobby of another.
func (h *Host) Decide(v View) Decision {
	d := h.standing(&v)
	switch {
	case v.Running || !v.Who.MayBegin():
		return d
	case v.Who == WhoGuest && (d.Allowed || d.Waits):
		return Decision{Reason: ReasonNotStarted, Detail: v.NotRunning, Affiliation: None, Listed: d.Listed, Knocks: d.Knocks}
	}
	d.Waits = false // a new room would hold nobody back
	return d
}

// Standing is what an account is to a room now: by its sessions, and then by the
// lobby.
func (h *Host) Standing(v View) Decision { return h.standing(&v) }

func (h *Host) standing(v *View) Decision {
	d := h.byIdentity(v)
	if d.Reason == ReasonServiceAccount {
		return d
	}
	return atLobby(h.Lobby.Mode(), d, h.LobbyOn(v.Room, v.Lobby), v.Listed, v.Started)
}

// byIdentity is Standing but for the lobby.
func (h *Host) byIdentity(v *View) Decision {
	switch v.Who {
	case WhoService:
		return Decision{Allowed: true, Reason: ReasonServiceAccount, Affiliation: None}
	case WhoUser:
		return h.bySessions(v.Sessions, &v.Room)
	case WhoGuest:
		if v.Started {
			return Decision{Allowed: true, Reason: ReasonGuest, Affiliation: None}
		}
		return Refuse(ReasonNotStarted, "guests wait until somebody with a token has joined; have a token holder join first")
	}
	_, domain, _ := strings.Cut(v.User, "@")
	return Refuse(ReasonStranger, "%q is neither %s nor one of its guests; add it to guests, or the account to "+
		"lobby.whitelist or service_accounts, if it may join", text.Name(domain), h.Host)
}

// bySessions finds the session that decides about a room: of those that open it, the
// one that logged in last. If none does, the reason is that of the last login. It
// may compile regular expressions and wants no lock: of a session it reads what does
// not change.
func (h *Host) bySessions(list []Judged, room *RoomName) Decision {
	var best *Session
	refused := Decision{Affiliation: None}
	var latest time.Time
	for _, g := range list {
		reason, detail := g.Reason, g.why()
		if reason == "" {
			reason, detail = h.Opens(g.Session, *room)
		}
		switch {
		case reason == "" && (best == nil || g.LoggedIn.After(best.LoggedIn)):
			best = g.Session
		case reason != "" && !g.LoggedIn.Before(latest):
			latest, refused.Reason, refused.Detail = g.LoggedIn, reason, detail
		}
	}
	switch {
	case best != nil:
		return Decision{Allowed: true, Reason: ReasonToken, Affiliation: h.Affiliation(best), Session: best}
	case refused.Reason == "":
		return Refuse(ReasonNoSession, "the account has no session; have the client log in with a token first, and look at "+
			"usher sessions list")
	}
	return refused
}
