package sessions

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"usher/auth"
)

// A principalID stands for an [auth.Principal] in memory, and is shorter.
type principalID [16]byte

func idOf(p auth.Principal) (id principalID) {
	if p.Token != "" {
		return tokenID(p.Token)
	}
	sum := sha256.Sum256([]byte("user\x00" + p.Host + "\x00" + p.Issuer + "\x00" + p.User)) // none of them holds a NUL
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
