package sessions

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"usher/auth"
	"usher/internal/jid"
	"usher/moderation"
)

// An accountIndex finds the sessions of an account, in the order in which they came: the
// first has the next one. They are few.
type accountIndex map[string]map[string]*session // by domain and account

// first returns the first session of an account, or nil.
func (x accountIndex) first(k accountKey) *session { return x[k.domain][k.account] }

func (x accountIndex) add(g *session) {
	g.places.next = nil
	of := x[g.AccountDomain()]
	if of == nil {
		of = map[string]*session{}
		x[g.AccountDomain()] = of
	}
	last := of[g.Account]
	if last == nil {
		of[g.Account] = g
		return
	}
	for last.places.next != nil {
		last = last.places.next
	}
	last.places.next = g
}

// addFirst is add of a session that came before all others of its account.
func (x accountIndex) addFirst(g *session) {
	of := x[g.AccountDomain()]
	if of == nil {
		of = map[string]*session{}
		x[g.AccountDomain()] = of
	}
	g.places.next = of[g.Account]
	of[g.Account] = g
}

func (x accountIndex) drop(g *session) {
	of := x[g.AccountDomain()]
	switch first := of[g.Account]; {
	case first == g && g.places.next == nil:
		delete(of, g.Account)
	case first == g:
		of[g.Account] = g.places.next
	default:
		for ; first.places.next != g; first = first.places.next {
		}
		first.places.next = g.places.next
	}
	g.places.next = nil
}

// count returns how many there are from one session on.
func (g *session) count() (n int) {
	for ; g != nil; g = g.places.next {
		n++
	}
	return n
}

// A roomIndex finds the sessions that name a room: by host and each localpart
// that a claim opens, which of a claim without a tenant is what follows one.
// Those of "*" and of regular expressions are in nobody's way and not in here.
// It is a hint at which to look at: [moderation.Host.Opens] decides.
type roomIndex map[roomIndexKey]*namedRoom

type roomIndexKey struct{ host, name string }

// namedRoom are the sessions that name one room, the last login first.
type namedRoom struct {
	roomIndexKey
	moderators, others placeList
}

// A placeList are places, the last login first.
type placeList struct{ first, last *roomPlace }

// A roomPlace is that of a session among those that name a room.
type roomPlace struct {
	room          *namedRoom
	session       *session
	later, before *roomPlace
}

func (r *namedRoom) list(g *session) *placeList {
	if g.Moderator {
		return &r.moderators
	}
	return &r.others
}

// add has the names be those that a session was placed by.
func (x roomIndex) add(g *session, names []roomIndexKey) {
	for i := range g.places.byRoom {
		p, list := x.placeIn(g, i, names[i])
		if p.before = list.first; p.before != nil {
			p.before.later = p
		} else {
			list.last = p
		}
		list.first = p
	}
}

// addLast is add of a session that logged in before all others.
func (x roomIndex) addLast(g *session, names []roomIndexKey) {
	for i := range g.places.byRoom {
		p, list := x.placeIn(g, i, names[i])
		if p.later = list.last; p.later != nil {
			p.later.before = p
		} else {
			list.first = p
		}
		list.last = p
	}
}

// placeIn makes a place of a session be of a room, and returns the list that it belongs to.
func (x roomIndex) placeIn(g *session, i int, name roomIndexKey) (*roomPlace, *placeList) {
	r := x[name]
	if r == nil {
		r = &namedRoom{roomIndexKey: name}
		x[name] = r
	}
	p := &g.places.byRoom[i]
	p.room, p.session = r, g
	return p, r.list(g)
}

func (x roomIndex) drop(g *session) {
	for i := range g.places.byRoom {
		p := &g.places.byRoom[i]
		r := p.room
		list := r.list(g)
		if p.later != nil {
			p.later.before = p.before
		} else {
			list.first = p.before
		}
		if p.before != nil {
			p.before.later = p.later
		} else {
			list.last = p.later
		}
		p.later, p.before = nil, nil
		if r.moderators.first == nil && r.others.first == nil {
			delete(x, r.roomIndexKey)
		}
	}
}

// last returns at most so many of the sessions that name a room, the last login first.
func (x roomIndex) last(key roomIndexKey, moderators bool, most int) (list []*session) {
	r := x[key]
	if r == nil {
		return nil
	}
	p := r.others.first
	if moderators {
		p = r.moderators.first
	}
	for ; p != nil && len(list) < most; p = p.before {
		list = append(list, p.session)
	}
	return list
}

// indexKeys are few: a token is too small to name many rooms.
func indexKeys(g *moderation.Session) []roomIndexKey {
	if g.RoomRegex {
		return nil
	}
	var list []roomIndexKey
	for _, claim := range g.Rooms {
		if claim == "*" {
			continue
		}
		c, err := jid.ReadClaim(claim)
		if err != nil {
			continue
		}
		for _, name := range c.Names() {
			list = append(list, roomIndexKey{g.Host, name})
		}
	}
	return list
}

// A principalID stands for an [auth.Principal] in memory, and is shorter.
type principalID [16]byte

func idOf(p auth.Principal) (id principalID) {
	if p.Token != "" {
		return tokenID(p.Token)
	}
	text := make([]byte, 0, 256) // on the stack, as most are not longer
	text = append(text, "user"...)
	for _, part := range [...]string{p.Host, p.Issuer, p.User} { // none of them holds a NUL
		text = append(append(text, 0), part...)
	}
	sum := sha256.Sum256(text)
	return principalID(sum[:len(id)])
}

// tokenID is that of the principal that a token is by itself.
func tokenID(thumbprint string) (id principalID) {
	if len(thumbprint) == 2*len(id) {
		if _, err := hex.Decode(id[:], []byte(thumbprint)); err == nil {
			return id
		}
	}
	sum := sha256.Sum256([]byte("token\x00" + thumbprint))
	return principalID(sum[:len(id)])
}

// A principalIndex finds the sessions of a principal, in no order. Most have one,
// and need no list.
type principalIndex struct {
	one  map[principalID]*session
	many map[principalID][]*session
}

func newPrincipalIndex() principalIndex {
	return principalIndex{map[principalID]*session{}, map[principalID][]*session{}}
}

func (x principalIndex) len(who principalID) int {
	if x.one[who] != nil {
		return 1
	}
	return len(x.many[who])
}

// get returns a list that is the caller's.
func (x principalIndex) get(who principalID) []*session {
	if g := x.one[who]; g != nil {
		return []*session{g}
	}
	return slices.Clone(x.many[who])
}

func (x principalIndex) add(g *session) {
	who := g.places.who
	g.places.atWho = x.len(who)
	switch first := x.one[who]; {
	case first != nil:
		delete(x.one, who)
		x.many[who] = []*session{first, g}
	case g.places.atWho > 0:
		x.many[who] = append(x.many[who], g)
	default:
		x.one[who] = g
	}
}

func (x principalIndex) drop(g *session) {
	who, at := g.places.who, g.places.atWho
	if x.one[who] == g {
		delete(x.one, who)
		return
	}
	list := x.many[who]
	last := len(list) - 1
	moved := list[last]
	list[at], moved.places.atWho = moved, at
	list[last] = nil
	if last == 0 {
		delete(x.many, who)
	} else {
		x.many[who] = list[:last]
	}
}
