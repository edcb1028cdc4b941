package loginsection

import (
	"maps"
	"slices"
	"strings"

	"usher/auth/claim"
	"usher/auth/signin"
	"usher/internal/config/hostsection"
	"usher/internal/strictyaml"
	"usher/internal/text"
)

// ownWords are the claims in which people say themselves who they are, at many providers (OpenID Connect Core 1.0
// section 5.1). The address is not among them: it counts only if the provider has verified it.
var ownWords = []string{"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile",
	"picture", "website", "gender", "birthdate", "zoneinfo", "locale", "phone_number"}

// warnOfOwnWord says that some are found by a claim that they may write themselves.
func warnOfOwnWord(at strictyaml.Value, what string, t claim.Test) {
	if len(t.Path) == 1 && slices.Contains(ownWords, t.Path[0]) {
		at.Warn("decide by a role or a group, or by email, which counts only if it is verified",
			"login: %s are found by %s, which people may write themselves at many providers", what, t.Path[0])
	}
}

// warnOfOwnWords names what people get by such a claim.
func (h *hostReader) warnOfOwnWords(host *hostsection.Host) {
	warn := func(what string, t claim.Test) { warnOfOwnWord(h.key.Value, what, t) }
	for _, t := range h.config.Who {
		warn("those who may sign in (who)", t)
	}
	for _, t := range host.Auth.Moderators {
		warn("moderators", t)
	}
	if host.Auth.Relay != nil {
		for _, f := range host.Auth.Relay.Features {
			warn("those with the feature "+f.Name, f.Test)
		}
	}
}

// refuseAccounts refuses an issuer beside the sign-in that could name the accounts of those who sign in. At a host with
// a relay Prosody names all accounts.
func (h *hostReader) refuseAccounts(host *hostsection.Host) {
	if host.Auth.Relay != nil {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(host.Auth.Issuers)) {
		prefix := host.Auth.Issuers[id].AccountPrefix
		if strings.HasPrefix(prefix, signin.AccountPrefix) {
			h.key.Problem("choose another account_prefix for that issuer",
				"login: the issuer %q has the account_prefix %q, and accounts of those who sign in begin with %q",
				text.Clip(id), text.Clip(prefix), signin.AccountPrefix)
		}
	}
}
