package config

import (
	"slices"
	"strings"

	"usher/auth"
	"usher/internal/config/source"
	"usher/internal/jid"
	"usher/internal/strictyaml"
	"usher/internal/text"
	"usher/lobby"
)

// tenants reads which tenants an issuer is bound to, as sub names them.
func tenants(v strictyaml.Value) []string {
	var list []string
	for _, it := range v.List() {
		switch tenant, err := jid.Tenant(it.Text); {
		case err != nil:
			source.Refuse(it.Value,
				"write it as sub has it, such as acme; the host's name is for rooms without a tenant", err,
				"tenants: %s")
		case it.Text == "*" || strings.ContainsAny(it.Text, "[]"):
			it.Problem("write a tenant's name, such as acme, or [] for all of them",
				"tenants: %q is no tenant", text.Clip(it.Text))
		default:
			list = append(list, tenant)
		}
	}
	return list
}

// roomPatterns reads which rooms an issuer is bound to, as the lobby has them.
func roomPatterns(v strictyaml.Value) []string {
	var list []string
	for _, it := range v.List() {
		if _, err := lobby.ParsePattern(it.Text); err != nil || it.Text == "" {
			it.Problem(mendPattern, "rooms: %q is no pattern of rooms: %v", text.Clip(it.Text), err)
			continue
		}
		list = append(list, it.Text)
	}
	return list
}

const mendPattern = "write the name of a room, in which * stands for any text, " +
	`such as "board-*", or "[acme]board-*" for one tenant`

// checkBounds says what it means that several issuers share a host, and where
// tenants are named though no token's sub is held to them.
func (h *hostReader) checkBounds() {
	free := 0
	for id, issuer := range h.auth.Issuers {
		if !h.rooms.Issuers[id].Bounded() && (issuer.AccountPrefix == "" || h.relay.named) {
			free++
		}
	}
	switch n := len(h.auth.Issuers); {
	case n < 2 || free < n:
	case h.relay.named:
		h.issuers.Warn("give each issuer tenants or rooms, unless all of them are one application's",
			"the host %q has %d issuers and none is bound: each can name any tenant and room of it",
			text.Clip(h.key.Text), n)
	default:
		h.issuers.Warn("give each issuer account_prefix, tenants or rooms, unless all of them are one application's",
			"the host %q has %d issuers and none is bound: each can name any account, tenant and room of it, "+
				"also as another's user", text.Clip(h.key.Text), n)
	}
	if h.auth.Subject == auth.SubjectDomain && !h.subject.IsZero() && h.namesTenants() {
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
