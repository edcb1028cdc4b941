package auth

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"

	"usher/auth/claim"
)

// A moderatorClaim is one claim that may make moderators, and every test of
// it: a claim is looked for once.
type moderatorClaim struct {
	path  claim.Path
	tests []claim.Test
	last  *atomic.Int64 // the minute since 1970 in which a login's token had it; 0: never
}

// claimUse is when tokens of a host had which of its moderators' claims. A
// reload keeps it.
type claimUse struct {
	since time.Time
	any   *atomic.Int64 // the minute of the last login
	own   bool          // the claims are the operator's, not the defaults
}

// maxCounted is how many claims of a host are counted: the bits of a word.
const maxCounted = 64

func bitOf(i int) uint64 {
	if i < maxCounted {
		return 1 << i
	}
	return 0
}

func newModeratorClaims(tests []claim.Test) []moderatorClaim {
	var list []moderatorClaim
	for _, t := range tests {
		i := slices.IndexFunc(list, func(c moderatorClaim) bool { return slices.Equal(c.path, t.Path) })
		if i < 0 {
			i = len(list)
			list = append(list, moderatorClaim{path: t.Path, last: new(atomic.Int64)})
		}
		list[i].tests = append(list[i].tests, t)
	}
	return list
}

// keepUse takes over what was counted before a reload. old may be nil.
func (r *rules) keepUse(old *rules, now time.Time) {
	for name, h := range r.hosts {
		h.use.since = now
		if old == nil || old.hosts[name] == nil {
			continue
		}
		before := old.hosts[name]
		h.use.since, h.use.any = before.use.since, before.use.any
		for i, c := range h.moderators {
			if j := slices.IndexFunc(before.moderators, func(b moderatorClaim) bool { return slices.Equal(b.path, c.path) }); j >= 0 {
				h.moderators[i].last = before.moderators[j].last
			}
		}
	}
}

// used notes that a token with these claims has logged in. It writes once a
// minute for each of them: logins at the same moment do not wait for each other.
func (h *hostRules) used(had uint64, now time.Time) {
	minute := now.Unix() / 60
	note(h.use.any, minute)
	for i := range h.moderators {
		if had&bitOf(i) != 0 {
			note(h.moderators[i].last, minute)
		}
	}
}

func note(at *atomic.Int64, minute int64) {
	if at.Load() != minute {
		at.Store(minute)
	}
}

// An UnseenClaim is a claim of moderation.moderators that no token had since a
// time: its name may be misspelt, or the application may not write it.
type UnseenClaim struct {
	Host  string
	Claim string // as the configuration writes it
	Since time.Time
}

// UnseenClaims returns the claims of moderation.moderators that no login of the
// last day had in its token, ordered by host. Of a host without logins, and of
// one that has the default claims, there are none.
func (v *Verifier) UnseenClaims() []UnseenClaim {
	var list []UnseenClaim
	since := v.now().Add(-24 * time.Hour)
	for _, h := range v.rules.Load().hosts {
		if !h.use.own || h.use.any.Load() < since.Unix()/60 {
			continue
		}
		from := since
		if h.use.since.After(from) {
			from = h.use.since
		}
		for i, c := range h.moderators {
			if i < maxCounted && c.last.Load() < since.Unix()/60 {
				list = append(list, UnseenClaim{h.name, c.path.String(), from})
			}
		}
	}
	slices.SortFunc(list, func(a, b UnseenClaim) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Claim, b.Claim))
	})
	return list
}
