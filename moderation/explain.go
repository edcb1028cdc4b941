package moderation

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/auth"
	"usher/internal/jid"
	"usher/internal/text"
	"usher/lobby"
)

// Explain says what a token's identity could do in a room if it had just
// logged in: the checks, as [auth.Verifier.Explain] gives its own, and the
// decision. It knows of no other session of the account, of no room that
// somebody started, and of nobody on a lobby's lists.
func (p *Policy) Explain(id auth.Identity, room string, now time.Time) ([]auth.CheckLine, Decision) {
	name, h, err := p.Find(room)
	switch {
	case err != nil:
		d := Refuse(ReasonUnknownRoom, "%v; %s", err, mendAddress(err, room, id.Host))
		return []auth.CheckLine{{Name: "room_name", Detail: string(d.Reason) + ": " + d.Detail}}, d
	case h.Host != id.Host:
		d := Refuse(ReasonUnknownRoom, "%q is none of the MUC components of %s; add it to muc there, or ask about a "+
			"token for its own host", text.Name(name.Domain), id.Host)
		return []auth.CheckLine{{Name: "room_name", Detail: string(d.Reason) + ": " + d.Detail}}, d
	}
	lines := []auth.CheckLine{{Name: "room_name", OK: true, Detail: describeName(name)}}
	if h.breakout[name.Domain] {
		d := Refuse(ReasonBreakoutUnknown, "whose breakout room it is only Prosody knows; ask for the main room")
		return append(lines, auth.CheckLine{Name: "room_token", Detail: string(d.Reason) + ": " + d.Detail}), d
	}
	g := NewSession(id, now)
	d := byOne(h, &g, name)
	if !d.Allowed {
		return append(lines, auth.CheckLine{Name: "room_token", Detail: string(d.Reason) + ": " + d.Detail}), d
	}
	lines = append(lines, auth.CheckLine{Name: "room_token", OK: true, Detail: describeClaims(d.Session)})
	line, d := explainLobby(h, d, name)
	lines = append(lines, line)
	if d.Allowed {
		lines = append(lines, auth.CheckLine{Name: "affiliation", OK: true, Detail: string(d.Affiliation)})
	}
	return lines, d
}

// mendAddress says what to change where an address is no room's.
func mendAddress(err error, room, host string) string {
	switch {
	case !errors.Is(err, errNoRooms):
		return "correct the room's name"
	case strings.HasSuffix(room, "@"+host):
		return "rooms are at the host's MUC components: name these under muc of the host"
	default:
		return "add its domain to muc of the host, or correct the address"
	}
}

func describeName(r RoomName) string {
	if r.Tenant == "" {
		return fmt.Sprintf("%q of %s", text.Name(r.Name), r.Domain)
	}
	return fmt.Sprintf("%q of the tenant %q, of %s", text.Name(r.Name), text.Name(r.Tenant), r.Domain)
}

// describeClaims says which rooms a token opens, as Prosody calls them.
func describeClaims(g *Session) string {
	switch {
	case g.Rooms == nil:
		return "the token is for every room"
	case g.RoomRegex:
		return "the token is for the regular expression " + quoted(g.Rooms)
	}
	text := "the token is for " + quoted(g.Rooms)
	var names []string
	for _, claim := range g.Rooms {
		if c, err := jid.ReadClaim(claim); err == nil && claim != "*" {
			names = append(names, c.Names()...)
		}
	}
	if len(names) > 0 && !slices.Equal(names, g.Rooms) {
		text += ", which Prosody calls " + quoted(names)
	}
	return text
}

// explainLobby knows of nobody who is on a list, and of no room that is there.
func explainLobby(h *Host, d Decision, room RoomName) (auth.CheckLine, Decision) {
	said := h.SwitchedLobby("", d.Session, true)
	on, by := h.Lobby.On(room.ForLobby()), "by the configuration"
	if said != "" {
		on, by = said == On, "by the token's context.room"
	}
	if !on {
		return auth.CheckLine{Name: "lobby", OK: true, Detail: "off, " + by}, d
	}
	passed := atLobby(h.Lobby.Mode(), d, on, lobby.Unlisted, true)
	if !passed.Allowed {
		return auth.CheckLine{Name: "lobby", Detail: string(passed.Reason) + ": on, " + by + "; " + passed.Detail}, passed
	}
	return auth.CheckLine{Name: "lobby", OK: true, Detail: "on, " + by + "; the token passes"}, passed
}

// byOne is what a session alone is to a room, whether or not it counts still.
func byOne(h *Host, g *Session, room RoomName) Decision {
	if reason, detail := h.Opens(g, room); reason != "" {
		return Refuse(reason, "%s", detail)
	}
	return Decision{Allowed: true, Reason: ReasonToken, Affiliation: h.Affiliation(g), Session: g}
}

// ByToken decides about a room, by an address of it, before there is a connection: by
// what the token alone says. It is less than a join, which the lobby and the
// account's other sessions have a say in. Of a breakout room only those that are
// connected can be told to belong there: the join decides.
func (p *Policy) ByToken(id auth.Identity, address string, now time.Time) Decision {
	name, h, err := p.Find(address)
	switch {
	case err != nil:
		return Refuse(ReasonUnknownRoom, "%v; %s", err, mendAddress(err, address, id.Host))
	case h.Host != id.Host:
		return Refuse(ReasonUnknownRoom, "%q is none of the MUC components of %s; add it to muc there",
			text.Name(name.Domain), id.Host)
	case h.IsBreakout(name.Domain):
		return Decision{Allowed: true, Reason: ReasonToken, Affiliation: None}
	}
	g := NewSession(id, now)
	return byOne(h, &g, name)
}

// Outline are the lines of a join that was refused, or could not be decided, as far as the refusal alone tells: what
// was passed before, and what was not looked at after it.
func Outline(r Reason, detail string) []auth.CheckLine {
	passed, failed, left := outline(r)
	var lines []auth.CheckLine
	for _, name := range passed {
		lines = append(lines, auth.CheckLine{Name: name, OK: true})
	}
	text := string(r)
	if detail != "" {
		text += ": " + detail
	}
	lines = append(lines, auth.CheckLine{Name: failed, Detail: text})
	for _, name := range left {
		lines = append(lines, auth.NotChecked(name, failed))
	}
	return lines
}

func outline(r Reason) (passed []string, failed string, left []string) {
	switch r {
	case ReasonMalformedRequest:
		return nil, "request", []string{"room_name", "account"}
	case ReasonUnknownRoom:
		return []string{"request"}, "room_name", []string{"account"}
	case ReasonStranger:
		return []string{"request", "room_name"}, "account", []string{"lobby"}
	case ReasonNoSession, ReasonSessionEnded, ReasonKeyRemoved:
		return []string{"request", "room_name", "account"}, "session", []string{"room_token", "lobby"}
	case ReasonRoomMismatch, ReasonRoomSpelling, ReasonTenantMismatch:
		return []string{"request", "room_name", "account", "session"}, "room_token", []string{"lobby"}
	case ReasonLobby, ReasonLobbyDenied:
		return []string{"request", "room_name", "account"}, "lobby", nil
	}
	return []string{"request", "room_name"}, "room", nil // the room itself, or what usher knows of it
}
