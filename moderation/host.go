package moderation

import (
	"slices"
	"strings"

	"usher/internal/jid"
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

// Policy returns the policy that the rules are a part of. Whoever has taken them
// decides by no other, which could be of another configuration.
func (h *Host) Policy() *Policy { return h.policy }

// IsMUC reports whether a domain is that of a component for main rooms.
func (h *Host) IsMUC(domain string) bool { return slices.Contains(h.MUC, domain) }

// IsBreakout reports whether a domain is that of a component for breakout rooms.
func (h *Host) IsBreakout(domain string) bool { return h.breakout[domain] }

// IsService reports whether an account, a bare JID, is a service account, whom usher
// leaves alone.
func (h *Host) IsService(account string) bool { return h.service[account] }

// ClaimOf returns what the account claim of an issuer's token says, but for letter
// case, whose account has this localpart.
func (h *Host) ClaimOf(issuer, local string) (claim string, ok bool) {
	claim, ok = strings.CutPrefix(jid.Unescape(local), h.Prefixes[issuer])
	return claim, ok && claim != ""
}

// Affiliation is what a session makes of an account in the rooms that it opens.
func (h *Host) Affiliation(g *Session) Affiliation {
	if g.Moderator {
		return Owner
	}
	return h.Others
}
