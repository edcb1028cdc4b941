package moderation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/auth"
	"usher/internal/text"
	"usher/lobby"
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
	who := h.WhoIs(v.User)
	d := h.standing(&v, who)
	switch {
	case v.Running || !who.MayBegin():
		return d
	case who == WhoGuest && (d.Allowed || d.Waits):
		return Decision{Reason: ReasonNotStarted, Detail: v.NotRunning, Affiliation: None, Listed: d.Listed, Knocks: d.Knocks}
	}
	d.Waits = false // a new room would hold nobody back
	return d
}

// Standing is what an account is to a room now: by its sessions, and then by the
// lobby.
func (h *Host) Standing(v View) Decision { return h.standing(&v, h.WhoIs(v.User)) }

func (h *Host) standing(v *View, who Who) Decision {
	d := h.byIdentity(v, who)
	if d.Reason == ReasonServiceAccount {
		return d
	}
	on := h.LobbyOn(v.Room, v.Lobby)
	d = atLobby(h.Lobby.Mode(), d, on, v.Listed, v.Started)
	if !on && h.Relay && h.Lobby.Mode() == lobby.MembersOnly {
		return forLobbyByHand(d, v.Listed)
	}
	return d
}

// InLobby decides about the lobby room of a room: as about the room itself, but for its lobby.
func (h *Host) InLobby(v View) Decision { return h.byIdentity(&v, h.WhoIs(v.User)) }

// byIdentity is Standing but for the lobby.
func (h *Host) byIdentity(v *View, who Who) Decision {
	switch who {
	case WhoService:
		return Decision{Allowed: true, Reason: ReasonServiceAccount, Affiliation: None}
	case WhoUser, WhoGuest:
		if d := h.byToken(v); d.Allowed || !h.isGuest(v, who) {
			return d
		}
		return h.asGuest(v)
	}
	_, domain, _ := strings.Cut(v.User, "@")
	return Refuse(ReasonStranger, "%q is neither %s nor one of its guests; add it to guests, or the account to "+
		"lobby.whitelist or service_accounts, if it may join", text.Name(domain), h.Host)
}

// byToken is what the sessions of an account say: of a join at the gateway whether that of
// the stream's own token opens the room, and always what the account is there.
func (h *Host) byToken(v *View) Decision {
	if v.ByStream {
		own := slices.DeleteFunc(slices.Clone(v.Sessions), func(g Judged) bool { return g.TokenPrint != v.TokenPrint })
		if d := h.bySessions(own, &v.Room, v.Now); !d.Allowed {
			return d
		}
	}
	return h.bySessions(v.Sessions, &v.Room, v.Now)
}

// isGuest reports whether an account that no token lets in may come in as a guest: one of a
// guest host, and a login without a token. A stream that has a token is what that says.
func (h *Host) isGuest(v *View, who Who) bool {
	if v.ByStream && v.TokenPrint != "" {
		return false
	}
	return who == WhoGuest || slices.ContainsFunc(v.Sessions, func(g Judged) bool {
		return g.Anonymous && h.policy.judge(g, v.Now) == ""
	})
}

// asGuest is for who has no token: it comes into rooms that were started.
func (h *Host) asGuest(v *View) Decision {
	if v.Started || h.GuestsStart {
		return Decision{Allowed: true, Reason: ReasonGuest, Affiliation: None}
	}
	return Refuse(ReasonNotStarted, "guests wait until a token holder has joined; have one join first, "+
		"or set guests_start: true")
}

// Starts reports whether an account that is in a room starts it: a token of its own opens it.
func (h *Host) Starts(v View) bool { return h.byToken(&v).Allowed }

// bySessions finds the session that decides about a room: of those that open it, the
// one that logged in last. If none does, the reason is that of the last login. It
// may compile regular expressions and wants no lock: of a session it reads what does
// not change.
func (h *Host) bySessions(list []Judged, room *RoomName, now time.Time) Decision {
	var best *Session
	refused := Decision{Affiliation: None}
	var latest time.Time
	for _, g := range list {
		if g.Anonymous || g.Domain != "" && g.Host != h.Host {
			continue
		}
		reason := h.policy.judge(g, now)
		detail := g.why(reason)
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

// Affiliation is what a session makes of an account in the rooms that it opens.
func (h *Host) Affiliation(g *Session) Affiliation {
	if g.Moderator {
		return Owner
	}
	return h.Others
}

// Judge returns why a session does not count at a moment, or nothing. Whether its token
// was revoked the caller says.
func (p *Policy) Judge(l Lifetime, revoked bool, now time.Time) Reason {
	switch {
	case revoked: // and about to be ended
		return ReasonNoSession
	case l.Ended(now, p.Times(l.Host)):
		return ReasonSessionEnded
	case !l.Anonymous && !p.keyHeld(l.Host, l.Issuer, l.KeyPrint):
		return ReasonKeyRemoved
	}
	return ""
}

func (p *Policy) judge(g Judged, now time.Time) Reason {
	return p.Judge(g.lifetime(), g.Revoked, now)
}

// Ending reports whether a session of the view counts no more for a reason that matters to rooms where it was used,
// and has not been ended yet: its token was revoked, or the key that signed it removed. A revocation is in force before
// it is written, and its sessions end afterwards.
func (h *Host) Ending(v View, id ID) bool {
	for _, g := range v.Sessions {
		if g.ID == id {
			reason := h.policy.judge(g, v.Now)
			return reason == ReasonNoSession || reason == ReasonKeyRemoved
		}
	}
	return false
}

// why says to the operator why a session counts no more.
func (g Judged) why(reason Reason) string {
	switch {
	case reason == "":
		return ""
	case reason == ReasonNoSession:
		return "its token was revoked (usher sessions list --revoked); have the client log in with a later one, " +
			"or lift it: usher sessions allow"
	case reason == ReasonKeyRemoved:
		return fmt.Sprintf("the key %q that signed its token is no key of issuer %q any more; have the client log in with a "+
			"new token, or give the issuer the key back", text.Name(g.KeyID), text.Name(g.Issuer))
	case !g.lifetime().Endless(g.Used):
		return fmt.Sprintf("its token expired at %s; have the client log in with a new one",
			g.Expires.UTC().Format(time.RFC3339))
	}
	return fmt.Sprintf("it was last used at %s, longer ago than moderation.idle, and its token has no end; have the "+
		"client log in again", g.Used.UTC().Format(time.RFC3339))
}

// Times returns those of a host.
func (p *Policy) Times(host string) Times {
	if h := p.hosts[host]; h != nil {
		return Times{h.Leeway, h.Idle}
	}
	return Times{0, DefaultIdle}
}

// LobbyOn reports whether the lobby of a room is on: by what a token or a moderator
// said while the room is there, or else by the configuration.
func (h *Host) LobbyOn(room RoomName, said Switch) bool {
	if said != "" {
		return said == On
	}
	return h.Lobby.On(room.ForLobby())
}

// atLobby is the whole of the lobby's policy: what becomes of a decision by
// what the lists say of the account.
func atLobby(mode lobby.Mode, d Decision, on bool, list lobby.Standing, started bool) Decision {
	moderator := d.Session != nil && d.Affiliation == Owner
	switch {
	case moderator: // never locked out of its own lobby
		return d
	case list == lobby.Denied && (on || d.Session == nil):
		return Refuse(ReasonLobbyDenied, "a moderator or an operator denied it; usher lobby admit lets it in")
	case d.Session != nil && on && d.Session.LobbyBypass == auth.No && !list.Passes():
		return wait("the token says that its user waits (lobby_bypass)")
	case d.Session != nil:
		return asMember(mode, d, on)
	case d.Reason == ReasonGuest && on && !list.Passes():
		return wait("the room's lobby is on")
	case d.Reason == ReasonGuest && on:
		return asMember(mode, listed(list), on)
	case d.Reason == ReasonNotStarted && on && list.Passes(): // it is let in once the room is, and a member by then
		d.Listed = true
		return asMember(mode, d, on)
	case d.Reason == ReasonNotStarted && on:
		d.Knocks = true
		return d
	case d.Reason == ReasonStranger && list.Passes() && (started || list != lobby.ListedDomain):
		return asMember(mode, listed(list), on)
	}
	return d
}

// forLobbyByHand is about a room whose lobby is off as far as usher knows: a moderator may have switched Jitsi's on in
// the room, or may do so. Members pass that one: those are whom the lists let through, and none whose token says that
// its user waits.
func forLobbyByHand(d Decision, list lobby.Standing) Decision {
	switch {
	case !d.Allowed || d.Reason == ReasonServiceAccount:
	case d.Session == nil && list.Passes():
		d = listed(list)
		d.Affiliation = Member
	case d.Session != nil && d.Affiliation == Member && d.Session.LobbyBypass == auth.No && !list.Passes():
		d.Affiliation = None
	}
	return d
}

func wait(why string) Decision {
	d := Refuse(ReasonLobby, "%s; usher lobby admit lets it in, lobby.rooms turns it off", why)
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

// asMember makes an account that passes a member, where only members come in.
func asMember(mode lobby.Mode, d Decision, on bool) Decision {
	if on && mode == lobby.MembersOnly && d.Affiliation == None {
		d.Affiliation = Member
	}
	return d
}

// WhoIs says what an account, a bare JID, is to the host.
func (h *Host) WhoIs(user string) Who {
	_, domain, found := strings.Cut(user, "@")
	switch {
	case h.service[user]:
		return WhoService
	case found && domain == h.Host:
		return WhoUser
	case found && h.guests[domain]:
		return WhoGuest
	}
	return WhoStranger
}

// MayBegin reports whether an account may be the first in a room that begins without
// Prosody's question: whether the room is running matters to its joins.
func (w Who) MayBegin() bool { return w == WhoUser || w == WhoGuest }
