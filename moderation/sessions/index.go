package sessions

import (
	"slices"

	"usher/internal/bounded"
	"usher/moderation"
)

const (
	maxWildcards = 64   // last logins of a host with a token for many rooms
	maxInterned  = 4096 // texts
)

// An accountKey is a bare JID in two parts, which need no memory of their own.
type accountKey struct{ domain, account string }

// A session is one that is kept: nothing of it changes but, under the lock, Used and
// Resumption, and its places.
type session struct {
	moderation.Session
	places places // in the indexes, while it is among the sessions
}

func (g *session) account() accountKey { return accountKey{g.AccountDomain(), g.Account} }

// An index is the sessions, and what finds them. The lock is the caller's.
type index struct {
	all         map[moderation.ID]*session
	byAccount   accountIndex
	byRoom      roomIndex
	byPrincipal principalIndex
	byToken     map[principalID]*session // of tokens that name a user; the others are principals
	due         dueHeap
	keys        map[keyUse]int              // how many sessions are good by each
	resumable   map[string]*session         // by Session.Resumption
	wildcards   map[string][]moderation.ID  // by host: the last logins with a token for many rooms
	interned    bounded.Map[string, string] // the one copy of texts that most sessions have in common
}

func newIndex() index {
	return index{all: map[moderation.ID]*session{}, byAccount: accountIndex{}, byRoom: roomIndex{},
		byPrincipal: newPrincipalIndex(), byToken: map[principalID]*session{}, keys: map[keyUse]int{},
		resumable: map[string]*session{}, wildcards: map[string][]moderation.ID{},
		interned: bounded.Map[string, string]{Most: maxInterned}}
}

// places are where the indexes have a session, so that it leaves them without a
// search, and what they know it by. They are made before the lock is taken.
type places struct {
	who    principalID
	atWho  int      // in the list of its principal
	next   *session // of the same account
	byRoom []roomPlace

	due       int64    // when it may end by its time, in nanoseconds since 1970
	atDue     int32    // in the heap, or notDue
	nextToken *session // with the same token
}

// identify computes whose session it is.
func (g *session) identify() { g.places.who = idOf(g.Principal()) }

// place makes place for an identified session in the indexes, and returns the names of
// rooms under which it is to be inserted.
func (g *session) place() (names []roomIndexKey) {
	names = indexKeys(&g.Session)
	g.places.byRoom = make([]roomPlace, len(names))
	return names
}

// insert wants a session that was placed, and its names. The session of the same token
// and account makes room.
func (x *index) insert(g *session, names []roomIndexKey) {
	if old := x.all[g.ID]; old != nil {
		x.remove(old)
	}
	x.take(g)
	x.byAccount.add(g)
	x.byRoom.add(g, names)
	if g.Wildcard() {
		list := append(x.wildcards[g.Host], g.ID)
		x.wildcards[g.Host] = list[max(0, len(list)-maxWildcards):]
	}
	if g.Random {
		x.setResumption(g, g.Resumption)
	}
}

// insertOlder is insert of a session that logged in before all that are there, and whose ID
// none of them has.
func (x *index) insertOlder(g *session, names []roomIndexKey) {
	x.take(g)
	x.byAccount.addFirst(g)
	x.byRoom.addLast(g, names)
	if list := x.wildcards[g.Host]; g.Wildcard() && len(list) < maxWildcards {
		x.wildcards[g.Host] = slices.Insert(list, 0, g.ID)
	}
	if g.Random && x.resumable[g.Resumption] == nil {
		x.setResumption(g, g.Resumption)
	}
}

// take is what insert has in no order.
func (x *index) take(g *session) {
	for _, text := range []*string{&g.Host, &g.Issuer, &g.KeyID, &g.KeyPrint, &g.Subject, &g.Domain} {
		*text = x.intern(*text)
	}
	x.all[g.ID] = g
	x.byPrincipal.add(g)
	x.due.add(g)
	if !g.Anonymous {
		x.keys[g.key()]++
	}
	if g.User != "" {
		token := tokenID(g.TokenPrint)
		g.places.nextToken = x.byToken[token]
		x.byToken[token] = g
	}
}

// intern returns the one copy of a text that is kept.
func (x *index) intern(text string) string {
	if one, ok := x.interned.Get(text); ok {
		return one
	}
	x.interned.Put(text, text)
	return text
}

func (x *index) remove(g *session) {
	delete(x.all, g.ID)
	x.byAccount.drop(g)
	x.byRoom.drop(g)
	x.dropResumption(g)
	x.byPrincipal.drop(g)
	x.due.drop(g)
	if k := g.key(); !g.Anonymous {
		if x.keys[k]--; x.keys[k] == 0 {
			delete(x.keys, k)
		}
	}
	if g.User != "" {
		x.dropToken(g)
	}
}

// dropToken goes through the sessions with one token and user: they are as few as the domains
// of a host.
func (x *index) dropToken(g *session) {
	token := tokenID(g.TokenPrint)
	if first := x.byToken[token]; first != g {
		for first.places.nextToken != g {
			first = first.places.nextToken
		}
		first.places.nextToken = g.places.nextToken
	} else if g.places.nextToken != nil {
		x.byToken[token] = g.places.nextToken
	} else {
		delete(x.byToken, token)
	}
	g.places.nextToken = nil
}

// withToken returns the sessions that logged in with the token of a print.
func (x *index) withToken(print string) []*session {
	token := tokenID(print)
	list := x.byPrincipal.get(token)
	for g := x.byToken[token]; g != nil; g = g.places.nextToken {
		list = append(list, g)
	}
	return list
}

func (x *index) setResumption(g *session, print string) {
	x.dropResumption(g)
	g.Resumption = print
	if print != "" {
		x.resumable[print] = g
	}
}

func (x *index) dropResumption(g *session) {
	if x.resumable[g.Resumption] == g {
		delete(x.resumable, g.Resumption)
	}
}
