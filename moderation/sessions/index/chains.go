package index

import (
	"hash/maphash"
	"iter"
)

// Which of the indexes by a hash. A session has a next one in each.
const (
	byID = iota
	byAccount
	byWho   // its principal, if that has no other
	byToken // likewise
	hashed  // how many there are
)

// chains find sessions by a key, of which they know a hash alone: what they yield is to be compared with the key.
type chains struct {
	slots *slots
	which int
	seed  maphash.Seed
	first map[uint32]handle
}

func newChains(s *slots, which int) chains {
	return chains{slots: s, which: which, seed: maphash.MakeSeed(), first: map[uint32]handle{}}
}

func hashOf[K comparable](c *chains, key K) uint32 { return uint32(maphash.Comparable(c.seed, key)) }

// of yields the sessions of a hash, in their order.
func (c *chains) of(hash uint32) iter.Seq[*Session] {
	return func(yield func(*Session) bool) {
		for h := c.first[hash]; h != 0; {
			g := c.slots.at(h)
			h = g.next[c.which] // what is yielded may be dropped
			if !yield(g) {
				return
			}
		}
	}
}

func (c *chains) addFirst(hash uint32, g *Session) {
	g.next[c.which] = c.first[hash]
	c.first[hash] = g.self
}

func (c *chains) addLast(hash uint32, g *Session) {
	var last *Session
	for last = range c.of(hash) {
	}
	g.next[c.which] = 0
	if last == nil {
		c.first[hash] = g.self
	} else {
		last.next[c.which] = g.self
	}
}

// drop is of one that is there.
func (c *chains) drop(hash uint32, g *Session) {
	next := g.next[c.which]
	g.next[c.which] = 0
	if first := c.first[hash]; first != g.self {
		for before := range c.of(hash) {
			if before.next[c.which] == g.self {
				before.next[c.which] = next
				return
			}
		}
	}
	if next == 0 {
		delete(c.first, hash)
	} else {
		c.first[hash] = next
	}
}
