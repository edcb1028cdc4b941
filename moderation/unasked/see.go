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
// then those of the list, the new ones first.
func (b *Book) Listed(muc string, names []string, all bool) (look []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.muc(muc)
	again := c.listed && (c.complete || c.public && !all)
	there := make(map[uint64]bool, len(names))
	var old, heard []string
	for _, name := range names {
		key := b.hash(name)
		there[key] = true
		if b.rooms[key] != nil && b.rooms[key].seen {
			old = append(old, name)
			continue
		}
		if b.rooms[key] == nil {
			r := b.room(muc, key)
			r.seen = again && !b.lossy
		}
		look = append(look, name)
	}
	if !c.listed {
		c.listed, c.complete = true, all
	}
	c.public = c.public || !all
	for name := range c.heard {
		if key := b.hash(name); !there[key] {
			heard = append(heard, name)
		}
	}
	clear(c.heard)
	if all {
		b.prune(muc, c, there)
	}
	return slices.Concat(heard, look, old)
}

// prune wants the lock. It forgets rooms that are no more; of one that is not there
// yet everybody comes in later.
func (b *Book) prune(muc string, c *component, there map[uint64]bool) {
	for key, r := range b.rooms {
		switch {
		case r.muc != muc || there[key]:
		case r.recent():
			r.seen = !b.lossy
		default:
			b.accounts -= len(r.known)
			delete(b.rooms, key)
		}
	}
	for key := range c.unasked {
		if !there[key] {
			c.forget(key)
		}
	}
}

// recent reports whether somebody may be about to come in.
func (r *room) recent() bool {
	for _, k := range r.known {
		if time.Since(k.at) < joinTakes {
			return true
		}
	}
	return false
}

// Gone notes that a room is no more.
func (b *Book) Gone(muc, name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := b.hash(name)
	if r := b.rooms[key]; r != nil && !r.recent() {
		b.accounts -= len(r.known)
		delete(b.rooms, key)
	}
	c := b.muc(muc)
	c.forget(key)
	delete(c.strict, key)
}

// forget wants the lock.
func (c *component) forget(room uint64) {
	c.n -= len(c.unasked[room])
	delete(c.unasked, room)
}

// Saw notes who is in a room now, but for those about whom nobody needs to ask. It
// reports whether the first was found about whom nobody asked.
func (b *Book) Saw(muc, name string, present []string) (news bool) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	key := b.hash(name)
	c, r := b.muc(muc), b.room(muc, key)
	before := c.unasked[key]
	c.forget(key)
	in := make(map[uint64]bool, len(present))
	for _, account := range present {
		a := b.hash(account)
		in[a] = true
		switch _, is := r.known[a]; {
		case is:
			r.known[a] = known{now, true}
		case r.seen || before[a]:
			news = news || c.joins.first.IsZero()
			c.joins.note(name, account)
			c.add(key, a)
		default:
			b.know(r, a, known{now, true})
		}
	}
	r.seen = true
	for a, k := range r.known {
		if !in[a] && now.Sub(k.at) >= joinTakes {
			delete(r.known, a)
			b.accounts--
		}
	}
	c.settle()
	return news
}

// add wants the lock.
func (c *component) add(room, account uint64) {
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

// settle wants the lock. What was found is over when nobody is there any more who
// was not asked about, and Prosody has asked about somebody since, or was started
// anew.
func (c *component) settle() {
	if c.n == 0 && (c.asked.After(c.joins.last) || c.listed && c.connected.After(c.joins.last)) {
		c.joins = finding{}
	}
}
