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

	Listed     bool // it rests on the lobby's lists; with a refusal: he is a member, and waits for something else
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
	d := h.Standing(v)
	if v.Running || !h.AsksWhetherRunning(v.User) {
		return d
	}
	if _, domain, _ := strings.Cut(v.User, "@"); h.guests[domain] && (d.Allowed || d.Waits) {
		return Decision{Reason: ReasonNotStarted, Detail: v.NotRunning, Affiliation: None, Listed: d.Listed, Knocks: d.Knocks}
	}
	d.Waits = false // a new room would hold nobody back
	return d
}

// AsksWhetherRunning reports whether a decision about an account, a bare JID, depends
// on whether the room has begun.
func (h *Host) AsksWhetherRunning(user string) bool {
	_, domain, _ := strings.Cut(user, "@")
	return !h.service[user] && h.IsOwn(domain)
}

// Standing is what an account is to a room now: by its sessions, and then by the
// lobby.
func (h *Host) Standing(v View) Decision {
	d := h.byIdentity(v)
	if d.Reason == ReasonServiceAccount {
		return d
	}
	return h.atLobby(d, h.LobbyOn(v.Room, v.Lobby), v.Listed, v.Started)
}

// byIdentity is Standing but for the lobby.
func (h *Host) byIdentity(v View) Decision {
	_, domain, found := strings.Cut(v.User, "@")
	switch {
	case h.service[v.User]:
		return Decision{Allowed: true, Reason: ReasonServiceAccount, Affiliation: None}
	case found && domain == h.Host:
		return h.bySessions(v.Sessions, v.Room)
	case found && h.guests[domain] && v.Started:
		return Decision{Allowed: true, Reason: ReasonGuest, Affiliation: None}
	case found && h.guests[domain]:
		return Refuse(ReasonNotStarted, "guests wait until somebody with a token has joined; have a token holder join first")
	}
	return Refuse(ReasonStranger, "%q is neither %s nor one of its guests; add it to guests, or the account to lobby.whitelist or service_accounts, if it may join", text.Name(domain), h.Host)
}

// bySessions finds the session that decides about a room: of those that open it, the
// one that logged in last. If none does, the reason is that of the last login. It
// may compile regular expressions and wants no lock: of a session it reads what does
// not change.
func (h *Host) bySessions(list []Judged, room RoomName) Decision {
	best, refused := (*Session)(nil), Refuse(ReasonNoSession, "the account has no session; have the client log in with a token first, and look at usher sessions list")
	var latest time.Time
	for _, g := range list {
		reason, detail := g.Reason, g.why()
		if reason == "" {
			reason, detail = h.Opens(g.Session, room)
		}
		switch {
		case reason == "" && (best == nil || g.LoggedIn.After(best.LoggedIn)):
			best = g.Session
		case reason != "" && !g.LoggedIn.Before(latest):
			latest, refused = g.LoggedIn, Refuse(reason, "%s", detail)
		}
	}
	if best == nil {
		return refused
	}
	return Decision{Allowed: true, Reason: ReasonToken, Affiliation: h.Affiliation(best), Session: best}
}
