package config

import (
	"slices"
	"strings"

	"usher/auth"
	"usher/internal/jid"
	"usher/internal/text"
	"usher/lobby"
)

// tenants reads which tenants an issuer is bound to, as sub names them.
func (v value) tenants() []string {
	var list []string
	for _, it := range v.list() {
		switch tenant, err := jid.Tenant(it.text); {
		case err != nil:
			text, mend, found := strings.Cut(err.Error(), "; ")
			if !found {
				mend = "write it as sub has it, such as acme; the host's name is for rooms without a tenant"
			}
			it.problem(mend, "tenants: %s", text)
		case it.text == "*" || strings.ContainsAny(it.text, "[]"):
			it.problem("write a tenant's name, such as acme, or [] for all of them", "tenants: %q is no tenant", text.Clip(it.text))
		default:
			list = append(list, tenant)
		}
	}
	return list
}

// roomPatterns reads which rooms an issuer is bound to, as the lobby has them.
func (v value) roomPatterns() []string {
	var list []string
	for _, it := range v.list() {
		if _, err := lobby.ParsePattern(it.text); err != nil || it.text == "" {
			it.problem(mendPattern, "rooms: %q is no pattern of rooms: %v", text.Clip(it.text), err)
			continue
		}
		list = append(list, it.text)
	}
	return list
}

const mendPattern = `write the name of a room, in which * stands for any text, such as "board-*", or "[acme]board-*" for one tenant`

// checkBounds says what it means that several issuers share a host, and where
// tenants are named though no token's sub is held to them.
func (h *hostReader) checkBounds(key item) {
	free := 0
	for id, issuer := range h.auth.Issuers {
		if !h.rooms.Issuers[id].Bounded() && issuer.AccountPrefix == "" {
			free++
		}
	}
	if n := len(h.auth.Issuers); n > 1 && free == n {
		h.issuers.warn("give each issuer account_prefix, tenants or rooms, unless all of them are one application's",
			"the host %q has %d issuers and none is bound: each can name any account, tenant and room of it, also as another's user", text.Clip(key.text), n)
	}
	if h.auth.Subject == auth.SubjectDomain && h.subject.node != nil && h.namesTenants() {
		h.subject.warn("set subject: tenant to have sub name the tenant",
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
