package sessions

import (
	"slices"
	"strings"
	"time"

	"usher/internal/guard"
	"usher/moderation"
)

// revocations are those in force, and the accounts that have to leave rooms. The
// lock of the sessions guards them.
type revocations struct {
	byID     map[principalID]*moderation.Revocation // replaced, and never changed
	expelled map[accountKey]principalID
	Limits
}

func newRevocations(b Limits) revocations {
	return revocations{byID: map[principalID]*moderation.Revocation{}, expelled: map[accountKey]principalID{}, Limits: b}
}

// dead reports whether a token was revoked, by its thumbprint or by the principal
// that it is of.
func (r *revocations) dead(token, who principalID, issued, now time.Time, leeway time.Duration) bool {
	if v := r.byID[token]; v != nil {
		return true
	}
	v := r.byID[who]
	return v != nil && v.Covers(issued, now, leeway)
}

func (r *revocations) deadSession(g *session, now time.Time, leeway time.Duration) bool {
	return len(r.byID) > 0 && r.dead(tokenID(g.TokenPrint), g.places.who, g.Issued(), now, leeway)
}

// full reports whether so many more would be too many.
func (r *revocations) full(more int) bool { return len(r.byID)+more > r.Revocations }

// put takes a revocation, also beyond the bound: what is kept in a state is never
// cut.
func (r *revocations) put(v *moderation.Revocation) { r.byID[idOf(v.Principal())] = v }

// expel remembers that an account has to leave the rooms that it is in.
func (r *revocations) expel(account accountKey, id principalID) {
	if _, there := r.expelled[account]; there || len(r.expelled) < r.Expelled {
		r.expelled[account] = id
	}
}

// hit reports whether a revocation ended the last session of an account, a bare JID.
func (r *revocations) hit(jid string) bool { return len(r.expelled) > 0 && r.by(accountOf(jid)) != nil }

// by returns the revocation that ended the last session of an account, or nil.
func (r *revocations) by(account accountKey) *moderation.Revocation {
	return r.byID[r.expelled[account]]
}

// back is for an account that logs in again, with a token that is not dead. It
// returns the revocation as it is from then on, if that knew the account.
func (r *revocations) back(account accountKey) *moderation.Revocation {
	id, there := r.expelled[account]
	if !there {
		return nil
	}
	delete(r.expelled, account)
	old := r.byID[id]
	if old == nil {
		return nil
	}
	jid := account.account + "@" + account.host
	v := *old
	v.Accounts = slices.DeleteFunc(slices.Clone(v.Accounts), func(other string) bool { return other == jid })
	r.byID[id] = &v
	return &v
}

// of returns what a session is revoked by, if it is.
func (r *revocations) of(g *session) principalID {
	if id := tokenID(g.TokenPrint); r.byID[id] != nil {
		return id
	}
	return g.places.who
}

// dropRevocation takes a revocation out of force, and returns what it was. The
// accounts that it knows count for nothing without it, and are forgotten in
// portions.
func (s *core) dropRevocation(id principalID) *moderation.Revocation {
	s.mu.Lock()
	v := s.revoked.byID[id]
	delete(s.revoked.byID, id)
	s.mu.Unlock()
	if v == nil {
		return nil
	}
	for jids := range slices.Chunk(v.Accounts, guard.Portion) {
		s.mu.Lock()
		for _, jid := range jids {
			if account := accountOf(jid); s.revoked.expelled[account] == id {
				delete(s.revoked.expelled, account)
			}
		}
		s.mu.Unlock()
	}
	return v
}

// accountOf splits a bare JID.
func accountOf(jid string) accountKey {
	account, host, _ := strings.Cut(jid, "@")
	return accountKey{host, account}
}

// A judge says why sessions do not count, by a policy and at a moment. It wants the
// lock.
type judge struct {
	policy  *moderation.Policy
	revoked *revocations
	now     time.Time
}

// judge returns the judge by a policy now. A decision hands in the policy that it has
// taken already: one that took another here could mix two configurations.
func (s *core) judge(p *moderation.Policy) judge { return judge{p, &s.revoked, s.now()} }

// why returns why a session does not count, or nothing.
func (j judge) why(g *session) moderation.Reason {
	dead := len(j.revoked.byID) > 0 && j.revoked.deadSession(g, j.now, j.policy.Times(g.Host).Leeway)
	return j.policy.Judge(&g.Session, dead, j.now)
}

// all judges the sessions of one account. What follows is done without the lock, as it
// may take long (regular expressions).
func (j judge) all(list []*session) []moderation.Judged {
	judged := make([]moderation.Judged, len(list))
	for i, g := range list {
		judged[i] = moderation.Judged{Session: &g.Session, Used: g.Used, Reason: j.why(g)}
	}
	return judged
}
