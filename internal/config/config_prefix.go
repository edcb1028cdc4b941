package config

import (
	"maps"
	"slices"
	"strings"

	"usher/auth"
	"usher/internal/text"
)

// accountPrefix reads what begins an issuer's accounts; empty is nothing.
func (v value) accountPrefix() string {
	s, ok := v.string()
	if !ok {
		return ""
	}
	if err := auth.CheckAccountPrefix(s); err != nil {
		text, mend, _ := strings.Cut(err.Error(), "; ")
		v.problem(mend, "%s", text)
		return ""
	}
	return s
}

// checkPrefix compares an issuer's account_prefix with those of the issuers
// before it. Where one begins with another, some accounts seem to be of both.
func (issuer item) checkPrefix(prefix string, others map[string]auth.IssuerConfig) {
	for _, id := range slices.Sorted(maps.Keys(others)) {
		other := others[id].AccountPrefix
		short, long := prefix, other
		if len(short) > len(long) {
			short, long = long, short
		}
		switch {
		case short == "" || !strings.HasPrefix(long, short):
		case short == long:
			issuer.warn("give each a prefix of its own, unless both are one application",
				"the issuers %q and %q have the same account_prefix %q: each can name the other's accounts", text.Clip(id), text.Clip(issuer.text), text.Clip(short))
		default:
			issuer.warn("choose prefixes of which none begins with another, such as a- and b-",
				"the account_prefix %q begins with another issuer's, %q: an account under both is of the longer one's issuer only", text.Clip(long), text.Clip(short))
		}
	}
}
