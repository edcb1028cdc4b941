package sessions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"usher/auth"
	"usher/metrics"
	"usher/moderation"
	"usher/moderation/sessions/index"
)

// A Target says whose tokens are meant: exactly one of Account, User and Token
// is set.
type Target struct {
	Account string // bare JID, or a localpart, for the account of that name on every host
	User    string // the text of the account claim
	Token   string // a token's thumbprint

	Host, Issuer string // of a User: only these; empty means all that are configured

	// SignOut says that the person itself wants its Token dead, which is over at Expires: the revocation is then, too, and
	// it is refused where it would take one of the last places, which are for operators.
	SignOut bool
	Expires time.Time
}

// Revoked is what [Revocations.Revoke] did, or would do.
type Revoked struct {
	Accounts []string  `json:"accounts"`        // bare JIDs whose sessions end
	Names    []string  `json:"names,omitempty"` // what the tokens of these call their users, for people
	Sessions int       `json:"sessions"`
	Users    []string  `json:"users"`  // account claims that are dead, with their issuer
	Tokens   []string  `json:"tokens"` // thumbprints that are dead
	Rooms    []string  `json:"rooms"`  // that the accounts are being taken out of
	At       time.Time `json:"at,omitzero"`

	// NoIssuedAt says that tokens among them have no iat: no token of these users
	// that has none gets in again before the revocation is lifted.
	NoIssuedAt bool `json:"no_iat,omitempty"`
	// Persons is how many accounts share a token that names nobody. Above one,
	// only a revocation of all of them is possible.
	Persons int `json:"persons,omitempty"`
}

// The errors of [Revocations.Revoke] and [Revocations.Allow].
var (
	ErrNoSuchSession      = errors.New("there is no session of this account")
	ErrAnonymous          = errors.New("the account logged in without a token, so there is none to keep out: ban it in its room, or set guests_start: false")
	ErrShared             = errors.New("the token is more than one person's")
	ErrTooManyRevocations = errors.New("there is no place for another revocation; lift some: usher sessions list " +
		"--revoked shows them, usher sessions allow lifts one")
	ErrNotRevoked = errors.New("nothing of this is revoked")
	ErrNoIssuer   = errors.New("no such host or issuer is configured")
)

// Revocations are what keeps tokens out, and ends the sessions with them. They are
// safe for concurrent use.
type Revocations struct{ *core }

// Revoke keeps out, from now on, every token of a principal that was issued up to
// now, and ends the sessions with them. An account stands for the principals of its
// sessions, and for those to whom other issuers of the host would give the same
// account. A token that names nobody and is behind the sessions of several accounts
// is revoked only with all; else the error is ErrShared. Until all sessions are loaded it
// waits, a few seconds at most: then nothing is done, and the error is [ErrLoading].
//
// It is in force before it is written, and on the disk before the sessions are
// ended. If it cannot be written it is in force all the same, and the error says
// that a restart would forget it. The rooms follow as soon as the component can
// reach them.
func (s *Revocations) Revoke(ctx context.Context, t Target, all bool) (Revoked, Touched, error) {
	plan, err := s.loadedPlan(ctx, t)
	if err != nil {
		return Revoked{}, Touched{}, err
	}
	out := plan.tell()
	if out.Persons > 1 && !all {
		return out, Touched{}, ErrShared
	}
	changes, err := s.putRevocations(plan, &out)
	if err != nil {
		return Revoked{}, Touched{}, err
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeWithin) // the one that asked may be gone by now
	defer cancel()
	written := s.applyDurably(within, metrics.StateRevoke, changes)
	ending := s.stillAmong(plan)
	s.lookAtAll.Store(true) // for what logged in meanwhile
	touched := Touched{Accounts: s.end(ctx, ending, moderation.EndRevoked), Ended: s.streamsOf(ending)}
	out.Rooms = s.roomsOf(out.Accounts)
	if written != nil {
		return out, touched, fmt.Errorf("the revocation cannot be written: it is in force, and a restart of usher would "+
			"forget it: %w", written)
	}
	return out, touched, nil
}

// Preview returns what [Revocations.Revoke] would do now, with all, and does nothing. Its errors are the same, but for
// those of the state.
func (s *Revocations) Preview(ctx context.Context, t Target) (Revoked, error) {
	plan, err := s.loadedPlan(ctx, t)
	if err != nil {
		return Revoked{}, err
	}
	out := plan.tell()
	out.Rooms = s.roomsOf(out.Accounts)
	return out, nil
}

// loadedPlan is a plan of all sessions: without those that are not loaded yet it would not know whose tokens are meant.
func (s *Revocations) loadedPlan(ctx context.Context, t Target) (*revocationPlan, error) {
	waiting, over := context.WithTimeout(ctx, writeWithin)
	defer over()
	if err := s.loading.await(waiting, s.loading.all); err != nil {
		return nil, err
	}
	return s.plan(t)
}

// A revocationPlan is what a target means now: revocations, and the sessions
// that they end.
type revocationPlan struct {
	revocations map[auth.Principal]*moderation.Revocation
	sessions    map[moderation.ID]*index.Session
	signOut     bool
}

// plan finds what a target means. What logs in meanwhile is found again by
// stillAmong.
func (s *Revocations) plan(t Target) (*revocationPlan, error) {
	p := &revocationPlan{map[auth.Principal]*moderation.Revocation{}, map[moderation.ID]*index.Session{}, t.SignOut}
	switch {
	case t.Token != "":
		p.add(&moderation.Revocation{TokenPrint: t.Token, Expires: t.Expires})
		s.addToken(p, t.Token)
	case t.User != "":
		if !s.addUser(p, t) {
			return nil, ErrNoIssuer
		}
	default:
		switch found := s.addAccount(p, t.Account); {
		case !found:
			return nil, ErrNoSuchSession
		case len(p.revocations) == 0:
			return nil, ErrAnonymous
		}
	}
	for principal := range p.revocations {
		for _, g := range s.sessionsOf(index.PrincipalOf(principal)) {
			p.sessions[g.ID()] = g
		}
	}
	return p, nil
}

func (p *revocationPlan) add(v *moderation.Revocation) { p.revocations[v.Principal()] = v }

// addToken finds the sessions with one token.
func (s *Revocations) addToken(p *revocationPlan, print string) {
	s.mu.RLock()
	list := s.index.WithToken(print)
	s.mu.RUnlock()
	for _, g := range list {
		p.sessions[g.ID()] = g
		p.revocations[auth.TokenPrincipal(print)].Expires = g.Expires()
	}
}

// addUser takes the configured hosts and issuers, whether or not there are
// sessions: the tokens may be out there.
func (s *Revocations) addUser(p *revocationPlan, t Target) (found bool) {
	for h := range s.policy.Load().Hosts() {
		for issuer := range h.Prefixes {
			if (t.Host == "" || t.Host == h.Host) && (t.Issuer == "" || t.Issuer == issuer) {
				p.add(&moderation.Revocation{Host: h.Host, Issuer: issuer, User: t.User})
				found = true
			}
		}
	}
	return found
}

// addAccount goes from an account, which may be a random one, to the principals
// behind it.
func (s *Revocations) addAccount(p *revocationPlan, account string) (found bool) {
	local, domain, isJID := strings.Cut(account, "@")
	policy := s.policy.Load()
	for h := range policy.Hosts() {
		if isJID && !h.HasAccounts(domain) {
			continue
		}
		for _, g := range s.ofAccount(index.AccountKey{Domain: cmp.Or(domain, h.Host), Account: local}) {
			if found = true; g.Anonymous() {
				continue // there is no token that could be kept out
			}
			p.sessions[g.ID()] = g
			login := g.Unpack()
			if login.User == "" {
				p.add(&moderation.Revocation{TokenPrint: login.TokenPrint, Expires: login.Expires})
				continue
			}
			for issuer := range h.OtherIssuers() { // whose tokens would be of this account too
				if claim, ok := h.ClaimOf(issuer, local); ok {
					p.add(&moderation.Revocation{Host: h.Host, Issuer: issuer, User: claim})
				}
			}
			p.add(&moderation.Revocation{Host: h.Host, Issuer: login.Issuer, User: login.User})
		}
	}
	return found
}

// ofAccount returns the sessions of an account.
func (s *Revocations) ofAccount(k index.AccountKey) []*index.Session {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Collect(s.index.OfAccount(k))
}

// sessionsOf returns the sessions of a principal.
func (s *Revocations) sessionsOf(id index.PrincipalID) []*index.Session {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.index.OfPrincipal(id)
}

// tell says what a plan comes to.
func (p *revocationPlan) tell() Revoked {
	out := Revoked{Accounts: []string{}, Users: []string{}, Tokens: []string{}, Rooms: []string{},
		Sessions: len(p.sessions)}
	behind := map[string]map[string]bool{} // accounts by token that names nobody
	accounts, names := map[string]bool{}, map[string]bool{}
	for _, kept := range p.sessions {
		g := kept.Unpack()
		accounts[g.JID()] = true
		if g.DisplayName != "" {
			names[g.DisplayName] = true
		}
		out.NoIssuedAt = out.NoIssuedAt || g.User != "" && g.IssuedAt == 0
		if g.User == "" {
			if behind[g.TokenPrint] == nil {
				behind[g.TokenPrint] = map[string]bool{}
			}
			behind[g.TokenPrint][g.JID()] = true
		}
	}
	for _, of := range behind {
		out.Persons = max(out.Persons, len(of))
	}
	for _, v := range p.revocations {
		if v.TokenPrint != "" {
			out.Tokens = append(out.Tokens, v.TokenPrint)
		} else {
			out.Users = append(out.Users, v.Name())
		}
	}
	out.Accounts = slices.Sorted(maps.Keys(accounts))
	out.Names = slices.Sorted(maps.Keys(names))
	slices.Sort(out.Users)
	slices.Sort(out.Tokens)
	return out
}

// putRevocations puts a plan in force, all of it or nothing.
func (s *Revocations) putRevocations(p *revocationPlan, out *Revoked) ([]Change, error) {
	accounts := map[index.PrincipalID][]string{}
	for _, g := range p.sessions {
		for _, id := range []index.PrincipalID{g.Principal(), g.Token()} {
			accounts[id] = append(accounts[id], g.JID())
		}
	}
	for principal, v := range p.revocations {
		v.Accounts = slices.Compact(slices.Sorted(slices.Values(accounts[index.PrincipalOf(principal)])))
	}
	for {
		olds, more := s.revocationsBefore(p)
		out.At = s.now()
		var merged []*moderation.Revocation
		for principal, v := range p.revocations { // may be long lists of accounts: not under the lock
			v.At = out.At
			v.SetNode(s.node, s.policy.Load())
			merged = append(merged, v.After(olds[index.PrincipalOf(principal)]))
		}
		if p.signOut && more > 0 {
			more += s.revoked.kept()
		}
		switch done, full := s.exchange(merged, olds, more); {
		case full:
			return nil, ErrTooManyRevocations
		case done:
			changes := make([]Change, len(merged))
			for i, v := range merged {
				changes[i].PutRevocation = v
			}
			return changes, nil
		}
	}
}

// revocationsBefore are those in whose place a plan comes; more is for how many
// there are none.
func (s *Revocations) revocationsBefore(p *revocationPlan) (
	olds map[index.PrincipalID]*moderation.Revocation, more int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	olds = map[index.PrincipalID]*moderation.Revocation{}
	for principal := range p.revocations {
		id := index.PrincipalOf(principal)
		olds[id] = s.revoked.known(id)
		if s.revoked.byID[id] == nil {
			more++
		}
	}
	return olds, more
}

// exchange puts revocations in the place of others, if it is still those that are
// there, and there is place.
func (s *Revocations) exchange(merged []*moderation.Revocation, olds map[index.PrincipalID]*moderation.Revocation,
	more int) (done, full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if more > 0 && s.revoked.full(more) {
		return false, true
	}
	for id, old := range olds {
		if s.revoked.known(id) != old {
			return false, false
		}
	}
	for _, v := range merged {
		s.revoked.put(v)
	}
	return true, false
}

// stillAmong are the sessions that a plan in force ends: those that it found, and
// those that logged in before it was in force. One that is in neither ends with
// the next sweep, and joins nothing until then.
func (s *Revocations) stillAmong(p *revocationPlan) []*index.Session {
	for principal := range p.revocations {
		for _, g := range s.sessionsOf(index.PrincipalOf(principal)) {
			p.sessions[g.ID()] = g
		}
	}
	judge := s.judge(s.policy.Load())
	list := make([]*index.Session, 0, len(p.sessions))
	for _, g := range p.sessions {
		s.mu.RLock()
		dead := judge.dead(g)
		s.mu.RUnlock()
		if dead {
			list = append(list, g)
		}
	}
	return list
}

// roomsOf returns the rooms that accounts were let in.
func (s *Revocations) roomsOf(jids []string) []string {
	set := map[string]bool{}
	for _, jid := range jids {
		s.mu.RLock()
		for _, room := range s.assigned.roomsOf(jid) {
			set[room] = true
		}
		s.mu.RUnlock()
	}
	rooms := slices.AppendSeq(make([]string, 0, len(set)), maps.Keys(set)) // [] in JSON, not null
	slices.Sort(rooms)
	return rooms
}
