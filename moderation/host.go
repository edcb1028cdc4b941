package moderation

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"usher/auth"
	"usher/internal/jid"
	"usher/lobby"
)

// A Host is what one virtual host's people may do, made ready.
type Host struct {
	HostPolicy
	policy   *Policy // whose rules these are
	breakout map[string]bool
	guests   map[string]bool
	service  map[string]bool
	bounds   map[string]*issuerBounds // of the issuers that are bound
	patterns *patterns
}

func setOf(list []string) map[string]bool {
	set := map[string]bool{}
	for _, s := range list {
		set[s] = true
	}
	return set
}

// Policy returns the policy that the rules are a part of. A decision by the rules is by
// no other, which could be of another configuration.
func (h *Host) Policy() *Policy { return h.policy }

// IsMUC reports whether a domain is that of a component for main rooms.
func (h *Host) IsMUC(domain string) bool { return slices.Contains(h.MUC, domain) }

// IsBreakout reports whether a domain is that of a component for breakout rooms.
func (h *Host) IsBreakout(domain string) bool { return h.breakout[domain] }

// HasAccounts reports whether a domain is the host itself, or one of its guest hosts: where
// its token holders have their accounts.
func (h *Host) HasAccounts(domain string) bool { return domain == h.Host || h.guests[domain] }

// OtherIssuers yields the issuers whose tokens could be of an account that is known by its
// name. Where Prosody draws the accounts there are none.
func (h *Host) OtherIssuers() iter.Seq[string] {
	if h.Relay {
		return func(func(string) bool) {}
	}
	return maps.Keys(h.Prefixes)
}

// IsService reports whether an account, a bare JID, is a service account, whom usher
// leaves alone.
func (h *Host) IsService(account string) bool { return h.service[account] }

// ClaimOf returns what the account claim of an issuer's token says, but for letter
// case, whose account has this localpart.
func (h *Host) ClaimOf(issuer, local string) (claim string, ok bool) {
	claim, ok = strings.CutPrefix(jid.Unescape(local), h.Prefixes[issuer])
	return claim, ok && claim != ""
}

// SwitchedLobby is the switch of a room's lobby after a session has joined: what its
// token says of it; lobby_autostart counts for a session that starts the room.
func (h *Host) SwitchedLobby(before Switch, g *Session, starts bool) Switch {
	said := g.RoomLobby
	if said == auth.Unsaid && starts {
		said = g.Autostart
	}
	switch {
	case said == auth.Yes:
		return On
	case said == auth.No && h.Affiliation(g) == Owner:
		return Off
	}
	return before
}

// BeginsMembersOnly reports whether a new room will let in nobody but members.
func (h *Host) BeginsMembersOnly(room RoomName) bool {
	return h.Lobby.Mode() == lobby.MembersOnly && h.Lobby.On(room.ForLobby())
}
