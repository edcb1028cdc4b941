package sessions

import (
	"slices"
	"time"

	"usher/moderation"
	"usher/moderation/sessions/index"
)

// revocations are those in force, and the accounts that have to leave rooms. The
// lock of the sessions guards them.
type revocations struct {
	byID   map[index.PrincipalID]*moderation.Revocation // replaced, and never changed
	lifted map[index.PrincipalID]*moderation.Revocation // that other ushers are to know of; likewise

	unwritten map[index.PrincipalID]bool // that were learned, and are not in the state
	expelled  map[index.AccountKey]index.PrincipalID
	Limits
}

func newRevocations(b Limits) revocations {
	return revocations{byID: map[index.PrincipalID]*moderation.Revocation{},
		lifted:    map[index.PrincipalID]*moderation.Revocation{},
		unwritten: map[index.PrincipalID]bool{},
		expelled:  map[index.AccountKey]index.PrincipalID{}, Limits: b}
}

// kills reports whether a token was revoked, by its thumbprint or by the principal that it
// is of.
func (r *revocations) kills(token, who index.PrincipalID, issued, now time.Time, leeway time.Duration) bool {
	if v := r.byID[token]; v != nil {
		return true
	}
	v := r.byID[who]
	return v != nil && v.Covers(issued, now, leeway)
}

// dead reports whether the token of a session was revoked.
func (r *revocations) dead(g *index.Session, now time.Time, leeway time.Duration) bool {
	return len(r.byID) > 0 && r.kills(g.Token(), g.Principal(), g.Issued(), now, leeway)
}

// full reports whether so many more would be too many.
func (r *revocations) full(more int) bool { return len(r.byID)+more > r.Revocations }

// kept is how many places are kept from people who sign out: they may come and go as they like, and operators have to be
// able to revoke all the same.
func (r *revocations) kept() int { return r.Revocations / 2 }

// put takes a revocation, also beyond the bound: what is kept in a state is never
// cut.
func (r *revocations) put(v *moderation.Revocation) { r.putAs(index.PrincipalOf(v.Principal()), v) }

// putAs is put of one whose ID is known.
func (r *revocations) putAs(id index.PrincipalID, v *moderation.Revocation) {
	if v.InForce() {
		r.byID[id] = v
		delete(r.lifted, id)
		return
	}
	r.lifted[id] = v
	delete(r.byID, id)
}

// known is what is known of a principal, in force or lifted, or nil.
func (r *revocations) known(id index.PrincipalID) *moderation.Revocation {
	if v := r.byID[id]; v != nil {
		return v
	}
	return r.lifted[id]
}

// expel remembers that an account has to leave the rooms that it is in.
func (r *revocations) expel(account index.AccountKey, id index.PrincipalID) {
	if _, there := r.expelled[account]; there || len(r.expelled) < r.Expelled {
		r.expelled[account] = id
	}
}

// hit reports whether a revocation ended the last session of an account, a bare JID.
func (r *revocations) hit(jid string) bool {
	return len(r.expelled) > 0 && r.by(index.AccountOf(jid)) != nil
}

// by returns the revocation that ended the last session of an account, or nil.
func (r *revocations) by(account index.AccountKey) *moderation.Revocation {
	return r.byID[r.expelled[account]]
}

// back is for an account that logs in again, with a token that is not dead. It
// returns the revocation as it is from then on, if that knew the account.
func (r *revocations) back(account index.AccountKey) *moderation.Revocation {
	id, there := r.expelled[account]
	if !there {
		return nil
	}
	delete(r.expelled, account)
	old := r.byID[id]
	if old == nil {
		return nil
	}
	jid := account.JID()
	v := *old
	v.Accounts = slices.DeleteFunc(slices.Clone(v.Accounts), func(other string) bool { return other == jid })
	r.byID[id] = &v
	return &v
}

// of returns what a session is revoked by, if it is.
func (r *revocations) of(g *index.Session) index.PrincipalID {
	if id := g.Token(); r.byID[id] != nil {
		return id
	}
	return g.Principal()
}
