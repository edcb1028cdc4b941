package auth

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"usher/auth/claim"
	"usher/internal/strictjson"
	"usher/internal/text"
)

// DefaultModerators is what Jitsi's tokens and the plugins of its operators
// say (docs/rooms.md, "Who is moderator").
func DefaultModerators() []claim.Test {
	affiliation := claim.Path{"context", "user", "affiliation"}
	return []claim.Test{
		{Path: claim.Path{"moderator"}}, {Path: claim.Path{"context", "user", "moderator"}},
		{Path: affiliation, Value: "owner"}, {Path: affiliation, Value: "moderator"},
		{Path: affiliation, Value: "teacher"},
	}
}

// checkModerator finds out whether the user is a moderator, and what the token
// says of lobbies. It refuses no token: what cannot be read says nothing.
func checkModerator(a *attempt) *Refusal {
	for i, claim := range a.moderatorClaims() {
		n := a.claim(claim.path)
		if n == nil {
			continue
		}
		a.had |= bitOf(i)
		a.id.Moderator = a.id.Moderator || claim.passed(&a.claims, n) >= 0
	}
	a.id.LobbyBypass = a.choice(a.user, "lobby_bypass")
	a.id.RoomLobby = a.choice(a.room, "lobby")
	a.id.RoomAutostart = a.choice(a.room, "lobby_autostart")
	return nil
}

// moderatorClaims are those that count in a token: usher's own says itself what the host's claims made of it.
func (a *attempt) moderatorClaims() []moderatorClaim {
	if a.issuer != nil && a.issuer.Own {
		return a.host.own
	}
	return a.host.moderators
}

func describeModerator(a *attempt) string {
	var why []string
	for _, claim := range a.moderatorClaims() {
		n := a.claim(claim.path)
		if n == nil {
			if text := claim.path.InTheWay(&a.claims); text != "" && !slices.Contains(why, text) {
				why = append(why, text)
			}
			continue
		}
		if i := claim.passed(&a.claims, n); i >= 0 {
			return "moderator, by " + claim.tests[i].String()
		}
		why = append(why, claim.whyNot(n))
	}
	if why == nil {
		return "not a moderator: the token has none of the claims in moderation.moderators"
	}
	return "not a moderator: " + strings.Join(why, "; ")
}

// passed returns the index of the test that the claim passes, which is n of a
// document, or a number below 0.
func (c *moderatorClaim) passed(d *strictjson.Document, n *strictjson.Node) int {
	return slices.IndexFunc(c.tests, func(t claim.Test) bool { return t.Holds(d, n) })
}

// whyNot says why a claim that is there makes no moderator.
func (c *moderatorClaim) whyNot(n *strictjson.Node) string {
	var wanted []string
	for _, t := range c.tests {
		if t.Value == "" {
			wanted = append(wanted, `true or "true"`)
		} else {
			wanted = append(wanted, fmt.Sprintf("%q", text.Name(t.Value)))
		}
	}
	only := strings.Join(wanted, " or ")
	flag := len(c.tests) == 1 && c.tests[0].Value == ""
	switch {
	case claim.IsNo(n):
		return fmt.Sprintf("%s is %s", c.path, n.Words())
	case flag:
	case n.Kind == '[':
		return fmt.Sprintf("%s is a list, and the text %s is not in it", c.path, only)
	case n.Kind == '{':
		return fmt.Sprintf("%s is an object, and the key %s is not in it, or is false", c.path, only)
	}
	return fmt.Sprintf("%s is %s, only %s counts", c.path, n.Words(), only)
}

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
			same := func(b moderatorClaim) bool { return slices.Equal(b.path, c.path) }
			if j := slices.IndexFunc(before.moderators, same); j >= 0 {
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
