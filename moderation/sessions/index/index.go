package index

import (
	"iter"
	"slices"

	"usher/moderation"
)

// maxWildcards bounds the last logins of a host with a token for many rooms.
const maxWildcards = 64

// An Index is the sessions, and what finds them.
type Index struct {
	slots          *slots
	ids, accounts  chains
	who, withToken principals // the latter of tokens that name a user: the others are principals in the former
	named          named
	due            dueHeap
	sources        sources
	resumable      map[string]*Session        // by Resumption
	resumption     map[*Session]string        // of those that have one
	wildcards      map[string][]moderation.ID // by host: the last logins with a token for many rooms
}

// New returns an empty one.
func New() *Index {
	s := &slots{}
	return &Index{slots: s, ids: newChains(s, byID), accounts: newChains(s, byAccount),
		who: newPrincipals(s, byWho), withToken: newPrincipals(s, byToken),
		named: named{rooms: map[RoomKey]*namedRoom{}}, sources: sources{}, resumable: map[string]*Session{},
		resumption: map[*Session]string{}, wildcards: map[string][]moderation.ID{}}
}

// Len returns how many sessions there are.
func (x *Index) Len() int { return x.slots.n }

// Get returns the session of an ID, or nil.
func (x *Index) Get(id moderation.ID) *Session {
	for g := range x.ids.of(hashOf(&x.ids, id)) {
		if g.id == id {
			return g
		}
	}
	return nil
}

// Has reports whether a session is there still: no other login has taken its place, and it has not ended.
func (x *Index) Has(g *Session) bool { return g.self != 0 }

// OfAccount yields the sessions of an account, in the order in which they came. They are few.
func (x *Index) OfAccount(k AccountKey) iter.Seq[*Session] {
	return func(yield func(*Session) bool) {
		for g := range x.accounts.of(hashOf(&x.accounts, k)) {
			if g.Account() == k && !yield(g) {
				return
			}
		}
	}
}

// CountOfAccount returns how many sessions an account has.
func (x *Index) CountOfAccount(k AccountKey) (n int) {
	for range x.OfAccount(k) {
		n++
	}
	return n
}

// WithToken returns the sessions that logged in with the token of a thumbprint.
func (x *Index) WithToken(print string) []*Session {
	token := TokenID(print)
	list, named := x.who.of(token), x.withToken.of(token)
	if len(list) == 0 {
		return named
	}
	return append(list, named...)
}

// Wildcards returns the last sessions of a host with a token for many rooms.
func (x *Index) Wildcards(host string) []*Session {
	list := make([]*Session, 0, maxWildcards)
	for _, id := range x.wildcards[host] {
		if g := x.Get(id); g != nil {
			list = append(list, g)
		}
	}
	return list
}

// dropWildcard makes room for others: the list is short, and who logs in again is to have one place in it.
func (x *Index) dropWildcard(g *Session) {
	list := x.wildcards[g.Host()]
	i := slices.Index(list, g.id)
	switch {
	case i < 0:
	case len(list) == 1:
		delete(x.wildcards, g.Host())
	default:
		x.wildcards[g.Host()] = slices.Delete(list, i, i+1)
	}
}

// A Login is a session that is to be inserted, with what its claims say of rooms.
type Login struct {
	*Session
	rooms      []RoomKey
	wildcard   bool
	resumption string
}

// NewLogin reads a session, before the lock is taken.
func NewLogin(s *moderation.Session) Login {
	return Login{Make(s), RoomKeys(s), s.Wildcard(), s.Resumption}
}

// Insert adds the last login. The session of the same ID makes room.
func (x *Index) Insert(l Login) {
	if old := x.Get(l.id); old != nil {
		x.Remove(old)
	}
	x.take(l.Session)
	x.accounts.addLast(hashOf(&x.accounts, l.Account()), l.Session)
	x.named.add(l.Session, l.rooms)
	if l.wildcard {
		list := append(x.wildcards[l.Host()], l.id)
		x.wildcards[l.Host()] = list[max(0, len(list)-maxWildcards):]
	}
	if l.is(isRandom) {
		x.SetResumption(l.Session, l.resumption)
	}
}

// InsertOlder is Insert of a session that logged in before all that are there, and whose ID none of them has.
func (x *Index) InsertOlder(l Login) {
	x.take(l.Session)
	x.accounts.addFirst(hashOf(&x.accounts, l.Account()), l.Session)
	x.named.addOldest(l.Session, l.rooms)
	if list := x.wildcards[l.Host()]; l.wildcard && len(list) < maxWildcards {
		x.wildcards[l.Host()] = slices.Insert(list, 0, l.id)
	}
	if l.resumption != "" {
		x.resumption[l.Session] = l.resumption
		if l.is(isRandom) && x.resumable[l.resumption] == nil {
			x.resumable[l.resumption] = l.Session
		}
	}
}

// take is what Insert has in no order.
func (x *Index) take(g *Session) {
	x.slots.put(g)
	x.sources.join(g)
	x.ids.addFirst(hashOf(&x.ids, g.id), g)
	x.who.add(g)
	x.SetDue(g, fromNano(g.due))
	if g.is(namesUser) {
		x.withToken.add(g)
	}
}

// Remove drops a session that there is.
func (x *Index) Remove(g *Session) {
	x.ids.drop(hashOf(&x.ids, g.id), g)
	x.accounts.drop(hashOf(&x.accounts, g.Account()), g)
	x.who.drop(g)
	if g.is(namesUser) {
		x.withToken.drop(g)
	}
	x.named.drop(g)
	x.due.drop(g)
	x.dropResumption(g)
	x.dropWildcard(g)
	x.sources.leave(g)
	x.slots.drop(g)
}

// Copy returns a session as it is now.
func (x *Index) Copy(g *Session) moderation.Session {
	s := g.Unpack()
	s.Used, s.Resumption = g.Used(), x.ResumptionOf(g)
	return s
}

// ResumptionOf is by what the last stream of a session can be resumed, or empty.
func (x *Index) ResumptionOf(g *Session) string { return x.resumption[g] }

// Resumable returns the session whose last stream has a print, or nil.
func (x *Index) Resumable(print string) *Session { return x.resumable[print] }

// SetResumption notes by what the last stream of a session can be resumed; empty: by nothing.
func (x *Index) SetResumption(g *Session, print string) {
	x.dropResumption(g)
	if print != "" {
		x.resumption[g] = print
		x.resumable[print] = g
	}
}

func (x *Index) dropResumption(g *Session) {
	if print := x.resumption[g]; x.resumable[print] == g {
		delete(x.resumable, print)
	}
	delete(x.resumption, g)
}
