package index

import (
	"iter"
	"math/rand/v2"
	"slices"
)

// principals find the sessions of a principal, in no order. Most have one, and need no list; one may have thousands, and
// each of them leaves without a search.
type principals struct {
	one  chains
	many map[PrincipalID][]*Session
}

func newPrincipals(s *slots, which int) principals {
	return principals{newChains(s, which), map[PrincipalID][]*Session{}}
}

// whose is the principal that a session is found by, and its place in the list of that.
func (x *principals) whose(g *Session) (who PrincipalID, at *int32) {
	if x.one.which == byToken {
		return g.token, &g.atToken
	}
	return g.who, &g.atWho
}

func (x *principals) alone(who PrincipalID) *Session {
	for g := range x.one.of(hashOf(&x.one, who)) {
		if of, _ := x.whose(g); of == who {
			return g
		}
	}
	return nil
}

func (x *principals) add(g *Session) {
	who, at := x.whose(g)
	list := x.many[who]
	first := x.alone(who)
	switch {
	case first != nil:
		x.one.drop(hashOf(&x.one, who), first)
		_, atFirst := x.whose(first)
		*atFirst, *at = 0, 1
		x.many[who] = []*Session{first, g}
	case len(list) > 0:
		*at = int32(len(list))
		x.many[who] = append(list, g)
	default:
		x.one.addFirst(hashOf(&x.one, who), g)
	}
}

func (x *principals) drop(g *Session) {
	who, at := x.whose(g)
	list := x.many[who]
	if len(list) == 0 {
		x.one.drop(hashOf(&x.one, who), g)
		return
	}
	last := len(list) - 1
	moved := list[last]
	_, atMoved := x.whose(moved)
	list[*at], *atMoved = moved, *at
	list[last] = nil
	if last == 0 {
		delete(x.many, who)
	} else {
		x.many[who] = list[:last]
	}
}

// of returns those of a principal, in a list that is the caller's.
func (x *principals) of(who PrincipalID) []*Session {
	if g := x.alone(who); g != nil {
		return []*Session{g}
	}
	return slices.Clone(x.many[who])
}

// OfPrincipal returns the sessions of a principal, in no order, in a list that is the caller's.
func (x *Index) OfPrincipal(who PrincipalID) []*Session { return x.who.of(who) }

// CountOfPrincipal returns how many there are of a principal.
func (x *Index) CountOfPrincipal(who PrincipalID) int {
	if x.who.alone(who) != nil {
		return 1
	}
	return len(x.who.many[who])
}

// SomeOf yields the sessions of a principal that has several, from one that nobody can foresee, and all around.
func (x *Index) SomeOf(who PrincipalID) iter.Seq[*Session] {
	list := x.who.many[who]
	return func(yield func(*Session) bool) {
		if len(list) == 0 {
			return
		}
		start := rand.IntN(len(list))
		for i := range list {
			if !yield(list[(start+i)%len(list)]) {
				return
			}
		}
	}
}
