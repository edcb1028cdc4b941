package value

import (
	"regexp"
	"strings"

	"usher/internal/jid"
	"usher/internal/strictyaml"
	"usher/internal/text"
	"usher/lobby"
)

var (
	entraForAll = regexp.MustCompile(
		`^https://(login\.microsoftonline\.com|sts\.windows\.net)/(common|organizations)(/|$)`)
	placeholder = regexp.MustCompile(`\$?\{[^{}]*\}|<[^<>]+>`)
)

// EveryTenants reports whether an issuer's name is the one by which Entra signs in people of every tenant.
func EveryTenants(issuer string) bool { return entraForAll.MatchString(issuer) }

// HasPlaceholder refuses what was copied out of a manual: {tenantid}, <app-id>,
// ${APP_ID}. usher puts nothing in their place.
func HasPlaceholder(it strictyaml.Item, what, why string) bool {
	found := placeholder.FindString(it.Text)
	if found == "" {
		return false
	}
	it.Problem("write what is meant in its place",
		"%s has the placeholder %s in it, for which usher puts nothing: %s", what, text.Clip(found), why)
	return true
}

// Tenants reads which tenants an issuer is bound to, as sub names them.
func Tenants(v strictyaml.Value) []string {
	var list []string
	for _, it := range v.List() {
		switch tenant, err := jid.Tenant(it.Text); {
		case err != nil:
			Refuse(it.Value,
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

// RoomPatterns reads which rooms an issuer is bound to, as the lobby has them.
func RoomPatterns(v strictyaml.Value) []string {
	var list []string
	for _, it := range v.List() {
		if _, err := lobby.ParsePattern(it.Text); err != nil || it.Text == "" {
			it.Problem(MendPattern, "rooms: %q is no pattern of rooms: %v", text.Clip(it.Text), err)
			continue
		}
		list = append(list, it.Text)
	}
	return list
}

// MendPattern is the advice for a pattern of rooms.
const MendPattern = "write the name of a room, in which * stands for any text, " +
	`such as "board-*", or "[acme]board-*" for one tenant`
