package unasked

import (
	"hash/maphash"
	"maps"
	"strings"
	"sync"
	"time"
)

// The bounds. At them usher forgets whom it was asked about, and then takes those
// who are in a room as it does after a start.
const (
	maxUnasked = 1_000 // accounts of one component that are remembered as unasked
	maxHeard   = 200   // rooms of one component to look at once
	maxName    = 256   // bytes of a name that is kept for an operator

	// joinTakes is how long after the answer somebody may come in: until then
	// nobody is forgotten for not being there.
	joinTakes = time.Minute
)

// Limits bound what a [Book] keeps.
type Limits struct {
	Rooms    int
	Accounts int // in all of them
}

// UsualLimits are those of the daemon.
func UsualLimits() Limits { return Limits{Rooms: 20_000, Accounts: 200_000} }

// A Book notes what is asked and seen. Its methods are safe for concurrent use.
// Names are bare JIDs as Prosody spells them; muc is the domain of a room.
type Book struct {
	seed   maphash.Seed
	limits Limits

	mu         sync.Mutex
	connection uint64 // of the component; zero before the first
	mucs       map[string]*component
	rooms      map[uint64]*room
	accounts   int  // in rooms
	lossy      bool // something was forgotten on this connection
}

// A component is a MUC component of Prosody.
type component struct {
	listed    bool      // its rooms were listed on this connection
	complete  bool      // and that first list had hidden rooms too
	public    bool      // the public ones were listed
	asked     time.Time // of the last question about a join
	made      uint64    // the connection on which a new room was last asked about
	everMade  bool      // a new room was asked about at all
	connected time.Time

	unasked map[uint64]map[uint64]bool // room → accounts that are in it, and were not asked about
	n       int
	joins   finding
	begins  finding
	strict  map[uint64]bool // rooms that began without a question
	heard   map[string]bool // rooms to look at
}

// A finding is what is wrong, and since when.
type finding struct {
	first, last   time.Time // zero: nothing
	room, account string    // an example, cut
}

// A room is whom usher knows in it.
type room struct {
	muc   string
	seen  bool // everybody in it is known: it is new, or was looked at before
	known map[uint64]known
}

// known is an account that was asked about, or was there when usher came.
type known struct {
	at time.Time // when it was asked about, or seen
	in bool      // it was seen since
}

// New returns an empty book.
func New(l Limits) *Book {
	return &Book{seed: maphash.MakeSeed(), limits: l, mucs: map[string]*component{}, rooms: map[uint64]*room{}}
}

func (b *Book) hash(name string) uint64 { return maphash.String(b.seed, name) }

// muc wants the lock.
func (b *Book) muc(domain string) *component {
	c := b.mucs[domain]
	if c == nil {
		c = &component{unasked: map[uint64]map[uint64]bool{}, strict: map[uint64]bool{}, heard: map[string]bool{}, connected: time.Now()}
		b.mucs[domain] = c
	}
	return c
}

// Connected notes that the component is connected anew: anything may have
// happened in rooms meanwhile. Those who were found before are looked for again;
// those who were asked about a moment ago may be about to come in.
func (b *Book) Connected(connection uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.rooms
	b.connection, b.rooms, b.accounts, b.lossy = connection, map[uint64]*room{}, 0, false
	for key, r := range before {
		r.seen = false
		maps.DeleteFunc(r.known, func(_ uint64, k known) bool { return k.in || time.Since(k.at) >= joinTakes })
		if len(r.known) > 0 {
			b.rooms[key] = r
			b.accounts += len(r.known)
		}
	}
	for _, c := range b.mucs {
		c.listed, c.complete, c.public, c.connected = false, false, false, time.Now()
		c.begins = finding{} // the next room tells it again
		clear(c.strict)
	}
}

// Asked notes that Prosody asked about a join, and whether it may lead into the
// room.
func (b *Book) Asked(muc, name, account string, passes bool) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.muc(muc).asked = now
	if passes {
		b.know(b.room(muc, b.hash(name)), b.hash(account), known{at: now})
	}
}

// room wants the lock. One that nobody has heard of is new if all that were there
// were listed before.
func (b *Book) room(muc string, key uint64) *room {
	r := b.rooms[key]
	if r == nil {
		c := b.muc(muc)
		if len(b.rooms) >= b.limits.Rooms {
			b.forgetAny(nil)
		}
		r = &room{muc: muc, seen: c.listed && c.complete && !b.lossy, known: map[uint64]known{}}
		b.rooms[key] = r
	}
	return r
}

// know wants the lock.
func (b *Book) know(r *room, account uint64, k known) {
	if _, there := r.known[account]; !there {
		for b.accounts >= b.limits.Accounts && len(b.rooms) > 1 {
			b.forgetAny(r)
		}
		if b.accounts >= b.limits.Accounts { // all of them in this one
			b.accounts, r.seen, b.lossy = 0, false, true
			clear(r.known)
		}
		b.accounts++
	}
	r.known[account] = k
}

// forgetAny wants the lock. It forgets another room than one.
func (b *Book) forgetAny(but *room) {
	for key, r := range b.rooms {
		if r == but {
			continue
		}
		b.accounts -= len(r.known)
		delete(b.rooms, key)
		b.lossy = true
		return
	}
}

// Began notes that Prosody asked about a room that is about to be made: whoever is
// in it has to be asked about.
func (b *Book) Began(muc, name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := b.hash(name)
	c := b.muc(muc)
	c.made, c.everMade, c.begins = b.connection, true, finding{}
	delete(c.strict, key)
	r := b.room(muc, key)
	b.accounts -= len(r.known)
	r.seen, r.known = true, map[uint64]known{}
	c.hear(name)
}

// Made reports whether Prosody asked about a new room of a component since it is
// connected as it is now: then a room that begins is always asked about.
func (b *Book) Made(muc string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.mucs[muc]
	return c != nil && b.connection != 0 && c.made == b.connection
}

// EverMade reports whether Prosody asked about a new room of a component since usher
// was started.
func (b *Book) EverMade(muc string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.mucs[muc]
	return c != nil && c.everMade
}

// Unannounced notes that an account began a room, and that nobody had asked about
// that room. It reports whether that was not known before.
func (b *Book) Unannounced(muc, name, account string) (news bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.muc(muc)
	news = c.begins.first.IsZero()
	c.begins.note(name, account)
	if len(c.strict) < maxUnasked {
		c.strict[b.hash(name)] = true
	}
	return news
}

// Strict reports whether a room began without a question, so that an owner whom no
// token made is one by that.
func (b *Book) Strict(muc, name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.mucs[muc]
	return c != nil && c.strict[b.hash(name)]
}

// Hear has a room looked at with the next round: somebody may be in it.
func (b *Book) Hear(muc, name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.muc(muc).hear(name)
}

func (c *component) hear(name string) {
	if len(c.heard) < maxHeard {
		c.heard[strings.Clone(name)] = true
	}
}

func (f *finding) note(room, account string) {
	now := time.Now()
	if f.first.IsZero() {
		f.first, f.room, f.account = now, clip(room), clip(account)
	}
	f.last = now
}

func clip(s string) string {
	if len(s) <= maxName {
		return strings.Clone(s)
	}
	return strings.ToValidUTF8(s[:maxName], "") + "…"
}
