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
type accountKey struct{ host, account string }

// A session is one that is kept: nothing of it changes but, under the lock, Used and
// Resumption, and its places.
type session struct {
	moderation.Session
	places places // in the indexes, while it is among the sessions
}

func (g *session) account() accountKey { return accountKey{g.Host, g.Account} }

// An index is the sessions, and what finds them. The lock is the caller's.
type index struct {
	all         map[moderation.ID]*session
	byAccount   map[accountKey][]*session
	byRoom      roomIndex
	byPrincipal principalIndex
	resumable   map[string]*session         // by Session.Resumption
	wildcards   map[string][]moderation.ID  // by host: the last logins with a token for many rooms
	interned    bounded.Map[string, string] // the one copy of texts that most sessions have in common
}

func newIndex() index {
	return index{all: map[moderation.ID]*session{}, byAccount: map[accountKey][]*session{}, byRoom: roomIndex{},
		byPrincipal: newPrincipalIndex(), resumable: map[string]*session{}, wildcards: map[string][]moderation.ID{},
		interned: bounded.Map[string, string]{Most: maxInterned}}
}

// places are where the indexes have a session, so that it leaves them without a
// search, and what they know it by. They are made before the lock is taken.
type places struct {
	who    principalID
	atWho  int // in the list of its principal
	byRoom []roomPlace
}

// place computes what the indexes know a session by.
func (g *session) place() {
	g.places.who = idOf(g.Principal())
	keys := indexKeys(&g.Session)
	g.places.byRoom = make([]roomPlace, len(keys))
	for i, key := range keys {
		g.places.byRoom[i] = roomPlace{room: &namedRoom{roomIndexKey: key}, session: g}
	}
}

// insert wants a session whose places are computed. The session of the same token and
// account makes room.
func (x *index) insert(g *session) {
	if old := x.all[g.ID]; old != nil {
		x.remove(old)
	}
	for _, text := range []*string{&g.Host, &g.Issuer, &g.KeyID, &g.KeyPrint, &g.Subject} {
		*text = x.intern(*text)
	}
	x.all[g.ID] = g
	k := g.account()
	x.byAccount[k] = append(x.byAccount[k], g)
	x.byRoom.add(g)
	x.byPrincipal.add(g)
	if g.Wildcard() {
		list := append(x.wildcards[g.Host], g.ID)
		x.wildcards[g.Host] = list[max(0, len(list)-maxWildcards):]
	}
	if g.Random {
		x.setResumption(g, g.Resumption)
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
	k := g.account()
	rest := slices.DeleteFunc(slices.Clone(x.byAccount[k]), func(o *session) bool { return o.ID == g.ID })
	if len(rest) > 0 {
		x.byAccount[k] = rest
	} else {
		delete(x.byAccount, k)
	}
	x.byRoom.drop(g)
	x.dropResumption(g)
	x.byPrincipal.drop(g)
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
