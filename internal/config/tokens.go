package config

import (
	"usher/auth"
	"usher/auth/claim"
	"usher/internal/strictyaml"
	"usher/internal/text"
)

func tokenSettings() section {
	return section{
		path: "hosts.HOST.tokens",
		text: "What a token of any issuer of the host must say, and which account it is for. " +
			"[tokens.md](tokens.md) has every claim.",
		settings: []setting{
			{key: "leeway", kind: "a duration, at most 5m", def: "10s", example: "30s",
				text: "How far the clocks of issuer and usher may differ: a token is over when `exp` " +
					"and this are. A token that was issued within this time after a revocation of its user " +
					"is refused with the older ones."},
			{key: "max_lifetime", kind: "a duration", def: "0s", example: "24h",
				text: "Refuses tokens that are good for longer, from `iat` to `exp`. `0s` is no limit. " +
					"With a limit a revocation of a user ends when the last of the user's tokens is over; " +
					"without one it stands until it is lifted."},
			{key: "subject", kind: "`tenant`, `domain` or `any`",
				unset: "`tenant` where there is a `muc`, else `domain`", example: "any",
				text: "What `sub` must be. `tenant`: the `[tenant]` of the room that is joined, this " +
					"host for rooms without one, or `\"*\"`; this is Jitsi's rule. `domain`: this host or " +
					"`\"*\"`, at the login; it keeps no tenants apart. `any`: it is not looked at, and a " +
					"token for a room opens it in every tenant."},
			{key: "account", kind: "a list of claims", def: "[context.user.id]",
				example: "[context.user.id, sub]",
				text: "Where the account's name stands, a text or a number: the first of these claims " +
					"that is there. Names are joined with dots, and one with a dot in it stands in quotes. " +
					"A token with none of them, or `[]`, gives a random account at each login."},
			{key: "account_charset", kind: "`ascii` or `unicode`", def: "ascii", example: "unicode",
				text: "`unicode` takes names such as `иван`, too; they must be in the spelling that " +
					"Prosody keeps."},
			{key: "typ", kind: "a list of texts", def: "[JWT, at+jwt]", example: "[JWT]",
				text: "What the `typ` of a token's header may be, if it has one."},
		},
	}
}

func (h *hostReader) readTokens(v strictyaml.Value) {
	v.Object(tokenSettings().fields(readers{
		"leeway":       func(v strictyaml.Value) { v.Duration(&h.auth.Leeway, auth.MaxLeeway) },
		"max_lifetime": func(v strictyaml.Value) { v.Duration(&h.auth.MaxLifetime, 0) },
		"subject": func(v strictyaml.Value) {
			h.subject = v
			if s, ok := v.OneOf(string(auth.SubjectDomain), string(auth.SubjectTenant), string(auth.SubjectAny)); ok {
				h.auth.Subject = auth.SubjectMode(s)
			}
		},
		"account": func(v strictyaml.Value) { h.auth.Account = claimPaths(v) },
		"account_charset": func(v strictyaml.Value) {
			s, _ := v.OneOf("ascii", "unicode")
			h.auth.UnicodeAccounts = s == "unicode"
			if h.auth.UnicodeAccounts {
				h.naming = append(h.naming, v)
			}
		},
		"typ": func(v strictyaml.Value) { h.auth.Types = strictyaml.Texts(v.SomeList()) },
	})...)
}

// defaultSubject is Jitsi's own rule, which is for joins. Without rooms there are
// no joins, and a token of another host would get in by it.
func defaultSubject(hasRooms bool) auth.SubjectMode {
	if hasRooms {
		return auth.SubjectTenant
	}
	return auth.SubjectDomain
}

// claimPaths reads where an account's name may stand. An empty list is good:
// every login gets a random account.
func claimPaths(v strictyaml.Value) []claim.Path {
	paths := []claim.Path{}
	for _, it := range v.List() {
		path, err := claim.ParsePath(it.Text)
		if err != nil {
			it.Problem("write names with dots between, such as context.user.id, and those with dots in quotes",
				"account: %q is no claim path: %v", text.Clip(it.Text), err)
			continue
		}
		paths = append(paths, path)
	}
	return paths
}
