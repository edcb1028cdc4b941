package moderation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"usher/internal/jid"
	"usher/internal/text"
	"usher/lobby"
)

// Opens reports, with an empty reason, that a session opens a room: the one
// place where claims and room names meet.
func (h *Host) Opens(g *Session, room RoomName) (Reason, string) {
	if h.Tenants {
		if why := subjectMismatch(g.Subject, room.Tenant, h.Host); why != "" {
			return ReasonTenantMismatch, why
		}
	}
	if reason, why := h.bounds[g.Issuer].excludes(g.Issuer, room, h.Host); reason != "" {
		return reason, why
	}
	if g.Rooms == nil || slices.Contains(g.Rooms, "*") {
		return "", ""
	}
	if g.RoomRegex {
		return h.matches(g.Rooms, room)
	}
	return names(g.Rooms, room)
}

// names compares the names in a room claim with a room.
func names(claims []string, room RoomName) (Reason, string) {
	reason, odd, hint := ReasonRoomSpelling, "", ""
	for _, raw := range claims {
		claim, err := jid.ReadClaim(raw)
		switch {
		case claim.Opens(room.Room):
			return "", ""
		case err != nil:
			odd = fmt.Sprintf(" (%v)", err)
		default:
			reason = ReasonRoomMismatch
		}
		hint = cmp.Or(hint, jid.HintClaim(raw))
	}
	if reason == ReasonRoomSpelling && len(claims) == 0 {
		reason = ReasonRoomMismatch
	}
	return reason, fmt.Sprintf("the token's room is %s, which does not open %q%s; %s", quoted(claims),
		text.Name(room.Local), odd, cmp.Or(hint, mendRoom(room)))
}

// mendRoom says what opens a room. A name that is no claim, or that would open others, too, is not proposed.
func mendRoom(room RoomName) string {
	claim, err := jid.ReadClaim(room.Local)
	if err != nil || !claim.Opens(room.Room) || room.Local == "*" || text.Name(room.Local) != room.Local {
		return "use a link to this room"
	}
	return fmt.Sprintf("use a link to this room, or have the application write %q into room", room.Local)
}

// matches tries the regular expressions of a room claim over what follows the
// tenant in a room's name: as Prosody calls it, and percent-decoded where that
// is the same name.
func (h *Host) matches(claims []string, room RoomName) (Reason, string) {
	decoded, isEncoded := jid.Decode(room.Name)
	odd, mend := "", "use a link to this room, or have the application write an expression for the whole name into room"
	for _, claim := range claims {
		re, err := h.patterns.get(claim)
		switch {
		case err == nil && (re.MatchString(room.Name) || isEncoded && re.MatchString(decoded)):
			return "", ""
		case isLuaPattern(claim):
			odd = fmt.Sprintf(" (%q looks like a Lua pattern)", text.Name(claim))
			mend = `have the application write it for RE2: \d for %d, \- for %-`
		case err != nil:
			odd = fmt.Sprintf(" (%q: %v)", text.Name(claim), err)
		}
	}
	return ReasonRoomMismatch, fmt.Sprintf("no regular expression of the token's room %s matches all of %q%s; %s",
		quoted(claims), text.Name(room.Name), odd, mend)
}

// mendSubjectAny says what it costs, too: tenants are then kept apart by nothing.
const mendSubjectAny = "or set tokens.subject: any, with which a name in room opens that room in every tenant"

// subjectMismatch says why sub does not open the rooms of a tenant, or nothing.
// Rooms without a tenant are the host's own.
func subjectMismatch(sub, tenant, host string) string {
	if sub == "*" {
		return ""
	}
	if tenant == "" {
		if jid.LowerASCII(sub) == host {
			return ""
		}
		return fmt.Sprintf("sub is %q and the room has no tenant: sub must be %s or *; %s", text.Name(sub), host,
			mendSubjectAny)
	}
	switch named, err := jid.Tenant(sub); {
	case err != nil:
		return fmt.Sprintf("sub: %v; the room's tenant is %q", err, text.Name(tenant))
	case named != tenant:
		return fmt.Sprintf("sub is %q and the room's tenant %q: sub must be the tenant or *; %s", text.Name(sub),
			text.Name(tenant), mendSubjectAny)
	}
	return ""
}

func quoted(names []string) string {
	const most = 4
	var list []string
	for i, n := range names {
		if i == most {
			list = append(list, "…")
			break
		}
		list = append(list, fmt.Sprintf("%q", text.Name(n)))
	}
	return strings.Join(list, ", ")
}

// excludes says why a room is none of an issuer's.
func (b *issuerBounds) excludes(issuer string, room RoomName, host string) (Reason, string) {
	switch {
	case b == nil:
	case len(b.tenants) > 0 && room.Tenant == "" && !b.tenants[host]:
		return ReasonTenantMismatch, fmt.Sprintf("the issuer may open rooms of %s only, and the room has no tenant; "+
			"add %s to tenants of issuer %q",
			strings.Join(b.Tenants, ", "), host, text.Name(issuer))
	case len(b.tenants) > 0 && room.Tenant != "" && !b.tenants[room.Tenant]:
		return ReasonTenantMismatch, fmt.Sprintf("the issuer may open rooms of %s only; add %q to tenants of issuer %q",
			strings.Join(b.Tenants, ", "), text.Name(room.Tenant), text.Name(issuer))
	case len(b.rooms) > 0 && !b.names(room):
		return ReasonRoomMismatch, fmt.Sprintf("the issuer may open the rooms %s only; add a pattern for %q to rooms "+
			"of issuer %q",
			strings.Join(b.Rooms, ", "), text.Name(room.Local), text.Name(issuer))
	}
	return "", ""
}

func (b *issuerBounds) names(room RoomName) bool {
	return slices.ContainsFunc(b.rooms, func(p lobby.Pattern) bool { return p.Match(room.ForLobby()) })
}
