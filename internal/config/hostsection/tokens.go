package hostsection

import (
	"usher/auth"
	"usher/auth/claim"
	"usher/internal/config/section"
	"usher/internal/strictyaml"
	"usher/internal/text"
)

// TokenSettings describes what its tokens must say.
func TokenSettings() section.Section {
	return section.Section{
		Path: "hosts.HOST.tokens",
		Text: "What a token of any issuer of the host must say, and which account it is for. " +
			"[tokens.md](tokens.md) has every claim.",
		Settings: []section.Setting{
			{Key: "leeway", Kind: "a duration, at most 5m", Default: "10s", Example: "30s",
				Text: "How far the clocks of issuer and usher may differ: a token is over when `exp` " +
					"and this are. A token that was issued within this time after a revocation of its user " +
					"is refused with the older ones."},
			{Key: "max_lifetime", Kind: "a duration", Default: "0s", Example: "24h",
				Text: "Refuses tokens that are good for longer, from `iat` to `exp`. `0s` is no limit. " +
					"With a limit a revocation of a user ends when the last of the user's tokens is over, by " +
					"the longest limit that it has seen; one that was made, or has stood, without a limit " +
					"stands until it is lifted. A limit that is raised later brings no ended revocation back: " +
					"tokens that were too long until then are good from then on, also a revoked user's."},
			{Key: "subject", Kind: "`tenant`, `domain` or `any`",
				Unset: "`tenant` where there is a `muc`, else `domain`", Example: "any",
				Text: "What `sub` must be. `tenant`: the `[tenant]` of the room that is joined, this " +
					"host for rooms without one, or `\"*\"`; this is Jitsi's rule. `domain`: this host or " +
					"`\"*\"`, at the login; it keeps no tenants apart. `any`: it is not looked at, and a " +
					"token for a room opens it in every tenant."},
			{Key: "account", Kind: "a list of claims", Default: "[context.user.id]",
				Example: "[context.user.id, sub]",
				Text: "Where the account's name stands, a text or a number: the first of these claims " +
					"that is there. Names are joined with dots, and one with a dot in it stands in quotes. " +
					"A token with none of them, or `[]`, gives a random account at each login."},
			{Key: "account_charset", Kind: "`ascii` or `unicode`", Default: "ascii", Example: "unicode",
				Text: "`unicode` takes names such as `иван`, too; they must be in the spelling that " +
					"Prosody keeps."},
			{Key: "typ", Kind: "a list of texts", Default: "[JWT, at+jwt]", Example: "[JWT]",
				Text: "What the `typ` of a token's header may be, if it has one."},
		},
	}
}

func (h *hostReader) readTokens(v strictyaml.Value) {
	v.Object(TokenSettings().Fields(section.Readers{
		"leeway":       func(v strictyaml.Value) { v.Duration(&h.Auth.Leeway, auth.MaxLeeway) },
		"max_lifetime": func(v strictyaml.Value) { v.Duration(&h.Auth.MaxLifetime, 0) },
		"subject": func(v strictyaml.Value) {
			h.subject = v
			if s, ok := v.OneOf(string(auth.SubjectDomain), string(auth.SubjectTenant), string(auth.SubjectAny)); ok {
				h.Auth.Subject = auth.SubjectMode(s)
			}
		},
		"account": func(v strictyaml.Value) { h.Auth.Account = claimPaths(v) },
		"account_charset": func(v strictyaml.Value) {
			s, _ := v.OneOf("ascii", "unicode")
			h.Auth.UnicodeAccounts = s == "unicode"
			if h.Auth.UnicodeAccounts {
				h.naming = append(h.naming, v)
			}
		},
		"typ": func(v strictyaml.Value) { h.Auth.Types = strictyaml.Texts(v.SomeList()) },
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
