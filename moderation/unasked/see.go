package unasked

import (
	"slices"
	"time"
)

// Unlisted reports whether the rooms of a component were not listed yet, since it is
// connected.
func (b *Book) Unlisted(muc string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.mucs[muc]
	return c == nil || !c.listed
}

// Silent reports whether Prosody has asked about no join of a component yet, since it
// is connected.
func (b *Book) Silent(muc string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.mucs[muc]
	return c == nil || c.asked.Before(c.connected)
}

// Listed notes which rooms there are: all, or only those that are public. It
// returns those that are to be looked at now: the ones that were heard of, and
// then those of the list, the new ones first; none if the component is connected
// anew meanwhile.
func (b *Book) Listed(muc string, names []string, all bool) (look []string) {
	list := listing{muc: muc, names: names, keys: b.hashes(names), all: all, there: make(map[uint64]bool, len(names)),
		unseen: make([]string, 0, len(names)), old: make([]string, 0, len(names))}
	for _, key := range list.keys {
		list.there[key] = true
	}
	if !b.take(&list) {
		return nil
	}
	return slices.Concat(list.heard, list.unseen, list.old)
}

// hashes is done without the lock, as everything that needs none.
func (b *Book) hashes(names []string) []uint64 {
	keys := make([]uint64, len(names))
	for i, name := range names {
		keys[i] = b.hash(name)
	}
	return keys
}

// A listing is a list of rooms, and what comes of it.
type listing struct {
	muc   string
	names []string
	keys  []uint64 // of names
	there map[uint64]bool
	all   bool

	heard, unseen, old []string
}

// take reports whether the list was of the present connection to the end.
func (b *Book) take(list *listing) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, connection := b.mucLocked(list.muc), b.connection
	again := c.listed && (c.complete || c.public && !list.all)
	for i, key := range list.keys {
		switch r := b.rooms[key]; {
		case r == nil:
			b.roomLocked(list.muc, key).seen = again && !b.lossy
			list.unseen = append(list.unseen, list.names[i])
		case r.seen:
			list.old = append(list.old, list.names[i])
		default:
			list.unseen = append(list.unseen, list.names[i])
		}
		if b.breatheLocked(i); b.connection != connection {
			return false
		}
	}
	if !c.listed {
		c.listed, c.complete = true, list.all
	}
	c.public = c.public || !list.all
	for name := range c.heard { // few
		if key := b.hash(name); !list.there[key] {
			list.heard = append(list.heard, name)
		}
	}
	clear(c.heard)
	if list.all {
		b.pruneLocked(list.muc, c, list.there)
	}
	return true
}

// pruneLocked wants the lock. It forgets rooms that are no more; of one that is not there
// yet everybody comes in later.
func (b *Book) pruneLocked(muc string, c *component, there map[uint64]bool) {
	for key := range c.unasked { // few
		if !there[key] {
			c.forgetLocked(key)
		}
	}
	i, connection := 0, b.connection
	for key, r := range b.rooms {
		switch {
		case r.muc != muc || there[key]:
		case r.recent():
			r.seen = !b.lossy
		default:
			b.accounts -= len(r.known)
			delete(b.rooms, key)
		}
		if b.breatheLocked(i); b.connection != connection {
			return
		}
		i++
	}
}

// recent reports whether an account may be about to come in.
func (r *room) recent() bool { return time.Since(r.last) < joinTakes }

// Gone notes that a room is no more.
func (b *Book) Gone(muc, name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := b.hash(name)
	if r := b.rooms[key]; r != nil && !r.recent() {
		b.accounts -= len(r.known)
		delete(b.rooms, key)
	}
	c := b.mucLocked(muc)
	c.forgetLocked(key)
	delete(c.strict, key)
}

// forgetLocked wants the lock.
func (c *component) forgetLocked(room uint64) {
	c.n -= len(c.unasked[room])
	delete(c.unasked, room)
}

// Saw notes which accounts are in a room now, but for those that need no question. It
// reports whether the first was found that was not asked about. If the room begins
// anew meanwhile, the rest is left.
func (b *Book) Saw(muc, name string, present []string) (news bool) {
	now := time.Now()
	key, accounts := b.hash(name), b.hashes(present)
	in := make(map[uint64]bool, len(accounts))
	for _, a := range accounts {
		in[a] = true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	c, r := b.mucLocked(muc), b.roomLocked(muc, key)
	before, seen, found := c.unasked[key], r.seen, map[uint64]bool{}
	for i, a := range accounts {
		switch k, is := r.known[a]; {
		case is && k.at.After(now): // asked about just now, again
			r.known[a] = known{at: k.at, in: true}
		case is:
			if !k.in { // so the room lets accounts in
				r.lost, r.told = 0, 0
			}
			b.knowLocked(r, a, known{at: now, in: true})
		case seen && r.seen || before[a]:
			news = news || c.joins.first.IsZero()
			if c.joins.note(name, present[i]); len(found) < maxUnasked {
				found[a] = true
			}
		default:
			b.knowLocked(r, a, known{at: now, in: true})
		}
		if b.breatheLocked(i); b.rooms[key] != r {
			return news
		}
	}
	c.forgetLocked(key)
	for a := range found {
		c.addLocked(key, a)
	}
	r.seen = true
	b.forgetLeftLocked(r, in, now)
	c.endFoundLocked()
	return news
}

// forgetLeftLocked wants the lock. It forgets the accounts that are not in a room, and will
// not come any more.
func (b *Book) forgetLeftLocked(r *room, in map[uint64]bool, now time.Time) {
	i := 0
	for a, k := range r.known {
		if !in[a] && !k.in && !k.lost && now.Sub(k.at) >= lostAfter {
			k.lost = true
			r.known[a] = k
			r.lost++
		}
		if !in[a] && now.Sub(k.at) >= joinTakes {
			delete(r.known, a)
			b.accounts--
		}
		if b.breatheLocked(i); b.rooms[r.key] != r {
			return
		}
		i++
	}
}

// Lost returns how many accounts, that were not told of before, did not come into a room that is
// there although they might, while no other did: none if they are few.
func (b *Book) Lost(muc, name string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.rooms[b.hash(name)]
	if r == nil || r.muc != muc || r.lost < fewLost {
		return 0
	}
	n, r.told = r.lost-r.told, r.lost
	return n
}

// addLocked wants the lock.
func (c *component) addLocked(room, account uint64) {
	if c.n >= maxUnasked {
		return
	}
	if c.unasked[room] == nil {
		c.unasked[room] = map[uint64]bool{}
	}
	if !c.unasked[room][account] {
		c.unasked[room][account] = true
		c.n++
	}
}

// endFoundLocked wants the lock. What was found is over when no account is there any
// more that was not asked about, and Prosody has asked about one since, or was started
// anew.
func (c *component) endFoundLocked() {
	if c.n == 0 && (c.asked.After(c.joins.last) || c.listed && c.connected.After(c.joins.last)) {
		c.joins = finding{}
	}
}
