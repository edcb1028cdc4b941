package hostsection

import (
	"slices"
	"strings"

	"usher/auth"
	"usher/internal/text"
)

// checkBounds says what it means that several issuers share a host, and where
// tenants are named though no token's sub is held to them.
func (h *hostReader) checkBounds() {
	free := 0
	for id, issuer := range h.Auth.Issuers {
		if !h.Rooms.Issuers[id].Bounded() && (issuer.AccountPrefix == "" || h.relay.named) {
			free++
		}
	}
	switch n := len(h.Auth.Issuers); {
	case n < 2 || free < n:
	case h.relay.named:
		h.issuers.Warn("give each issuer tenants or rooms, unless all of them are one application's",
			"the host %q has %d issuers and none is bound: each can name any tenant and room of it",
			text.Clip(h.Key.Text), n)
	default:
		h.issuers.Warn("give each issuer account_prefix, tenants or rooms, unless all of them are one application's",
			"the host %q has %d issuers and none is bound: each can name any account, tenant and room of it, "+
				"also as another's user", text.Clip(h.Key.Text), n)
	}
	if h.Auth.Subject == auth.SubjectDomain && !h.subject.IsZero() && h.namesTenants() {
		h.subject.Warn("set subject: tenant to have sub name the tenant",
			"subject: domain keeps no tenants apart: a token for a room opens it in every tenant")
	}
}

// namesTenants reports whether the configuration of the host knows of tenants.
func (h *hostReader) namesTenants() bool {
	inTenant := func(room string) bool { return strings.HasPrefix(room, "[") }
	for room := range h.lobby.rooms {
		if inTenant(room) {
			return true
		}
	}
	return slices.ContainsFunc(h.lobby.entries, func(e placedEntry) bool { return inTenant(e.Room) })
}
