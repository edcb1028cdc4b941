package index

import (
	"iter"
	"math/rand/v2"
	"slices"
)

// principals find the sessions of a principal, in no order. Most have one, and need no list.
type principals struct {
	one  chains
	many map[PrincipalID][]*Session
}

func (x *principals) alone(who PrincipalID) *Session {
	for g := range x.one.of(hashOf(&x.one, who)) {
		if g.who == who {
			return g
		}
	}
	return nil
}

func (x *principals) add(g *Session) {
	list := x.many[g.who]
	first := x.alone(g.who)
	switch {
	case first != nil:
		x.one.drop(hashOf(&x.one, g.who), first)
		first.atWho, g.atWho = 0, 1
		x.many[g.who] = []*Session{first, g}
	case len(list) > 0:
		g.atWho = int32(len(list))
		x.many[g.who] = append(list, g)
	default:
		x.one.addFirst(hashOf(&x.one, g.who), g)
	}
}

func (x *principals) drop(g *Session) {
	list := x.many[g.who]
	if len(list) == 0 {
		x.one.drop(hashOf(&x.one, g.who), g)
		return
	}
	last := len(list) - 1
	moved := list[last]
	list[g.atWho], moved.atWho = moved, g.atWho
	list[last] = nil
	if last == 0 {
		delete(x.many, g.who)
	} else {
		x.many[g.who] = list[:last]
	}
}

// OfPrincipal returns the sessions of a principal, in no order, in a list that is the caller's.
func (x *Index) OfPrincipal(who PrincipalID) []*Session {
	if g := x.who.alone(who); g != nil {
		return []*Session{g}
	}
	return slices.Clone(x.who.many[who])
}

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
