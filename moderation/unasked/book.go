package unasked

import (
	"hash/maphash"
	"maps"
	"runtime"
	"strings"
	"time"

	"usher/internal/guard"
	"usher/internal/text"
)

// The bounds. At them usher forgets which accounts it was asked about, and then takes
// the occupants of a room as it does after a start.
const (
	maxUnasked = 1_000 // accounts of one component that are remembered as unasked
	maxHeard   = 200   // rooms of one component to look at once
	maxName    = 256   // bytes of a name that is kept for an operator

	// joinTakes is how long after the answer an account may come in: until then none
	// is forgotten for not being there.
	joinTakes = time.Minute

	// lostAfter is how long after the answer an account counts as lost that did not come in.
	lostAfter = 10 * time.Second
	// fewLost are no finding: one may have closed its page, or found the room full.
	fewLost = 2
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

	mu         guard.RWMutex // held for no longer than a portion of a large table takes
	connection uint64        // of the component; zero before the first
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

// A room is the accounts that usher knows in it.
type room struct {
	key   uint64
	muc   string
	seen  bool // everybody in it is known: it is new, or was looked at before
	known map[uint64]known
	last  time.Time // the latest of known
	lost  int       // accounts that did not come in, since one last did
	told  int       // of these
}

// known is an account that was asked about, or was there when usher came.
type known struct {
	at   time.Time // when it was asked about, or seen
	in   bool      // it was seen since
	lost bool      // it did not come in, and was counted; or is held back by the room itself
}

// New returns an empty book.
func New(l Limits) *Book {
	return &Book{seed: maphash.MakeSeed(), limits: l, mucs: map[string]*component{}, rooms: map[uint64]*room{}}
}

func (b *Book) hash(name string) uint64 { return maphash.String(b.seed, name) }

// mucLocked wants the lock.
func (b *Book) mucLocked(domain string) *component {
	c := b.mucs[domain]
	if c == nil {
		c = &component{unasked: map[uint64]map[uint64]bool{}, strict: map[uint64]bool{}, heard: map[string]bool{},
			connected: time.Now()}
		b.mucs[domain] = c
	}
	return c
}

// breatheLocked wants the lock. It lets others at it after each portion of a loop: what the
// loop looks at may be another afterwards.
func (b *Book) breatheLocked(i int) {
	if i%guard.Portion == guard.Portion-1 {
		b.mu.Unlock()
		runtime.Gosched() // else one that was woken would find it taken again
		b.mu.Lock()
	}
}

// Connected notes that the component is connected anew: anything may have
// happened in rooms meanwhile. The accounts that were found before are looked for again;
// those that were asked about a moment ago may be about to come in.
func (b *Book) Connected(connection uint64) {
	before := b.begin(connection)
	maps.DeleteFunc(before, func(_ uint64, r *room) bool { // nobody else has these any more
		maps.DeleteFunc(r.known, func(_ uint64, k known) bool { return k.in || time.Since(k.at) >= joinTakes })
		return len(r.known) == 0
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	i := 0
	for key, r := range before {
		for account, k := range r.known {
			if now := b.roomLocked(r.muc, key); k.at.After(now.known[account].at) {
				b.knowLocked(now, account, k)
			}
			b.breatheLocked(i)
			i++
		}
	}
}

// begin forgets everything of the connection before, and returns its rooms.
func (b *Book) begin(connection uint64) (before map[uint64]*room) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before = b.rooms
	b.connection, b.rooms, b.accounts, b.lossy = connection, map[uint64]*room{}, 0, false
	for _, c := range b.mucs {
		c.listed, c.complete, c.public, c.connected = false, false, false, time.Now()
		c.begins = finding{} // the next room tells it again
		clear(c.strict)
	}
	return before
}

// Asked notes that Prosody asked about a join, and whether it may lead into the
// room.
func (b *Book) Asked(muc, name, account string, passes bool) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mucLocked(muc).asked = now
	if passes {
		b.knowLocked(b.roomLocked(muc, b.hash(name)), b.hash(account), known{at: now})
	}
}

// Held notes that Prosody asked about a join that the room itself is expected to hold back: it
// may lead into the room, and is not missed there.
func (b *Book) Held(muc, name, account string) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mucLocked(muc).asked = now
	b.knowLocked(b.roomLocked(muc, b.hash(name)), b.hash(account), known{at: now, lost: true})
}

// roomLocked wants the lock. One that nobody has heard of is new if all that were there
// were listed before.
func (b *Book) roomLocked(muc string, key uint64) *room {
	r := b.rooms[key]
	if r == nil {
		c := b.mucLocked(muc)
		if len(b.rooms) >= b.limits.Rooms {
			b.forgetAnyLocked(nil)
		}
		r = &room{key: key, muc: muc, seen: c.listed && c.complete && !b.lossy, known: map[uint64]known{}}
		b.rooms[key] = r
	}
	return r
}

// forgetAtOnce bounds the search for rooms that are forgotten for another account.
const forgetAtOnce = 16

// knowLocked wants the lock, and a room of the book.
func (b *Book) knowLocked(r *room, account uint64, k known) {
	if _, there := r.known[account]; !there {
		for range forgetAtOnce {
			if b.accounts < b.limits.Accounts {
				break
			}
			b.forgetAnyLocked(r)
		}
		if b.accounts >= b.limits.Accounts { // about all of them are in this one, or in few
			r.seen, r.known, r.last = false, map[uint64]known{}, time.Time{}
			b.rooms, b.accounts, b.lossy = map[uint64]*room{r.key: r}, 0, true
		}
		b.accounts++
	}
	r.known[account] = k
	if k.at.After(r.last) {
		r.last = k.at
	}
}

// forgetAnyLocked wants the lock. It forgets another room than one.
func (b *Book) forgetAnyLocked(but *room) {
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

// Began notes that Prosody asked about a room that is about to be made: every
// account in it has to be asked about.
func (b *Book) Began(muc, name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := b.hash(name)
	c := b.mucLocked(muc)
	c.made, c.everMade, c.begins = b.connection, true, finding{}
	delete(c.strict, key)
	b.accounts -= len(b.roomLocked(muc, key).known)
	// another: a look at the former stops
	b.rooms[key] = &room{key: key, muc: muc, seen: true, known: map[uint64]known{}}
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
	c := b.mucLocked(muc)
	news = c.begins.first.IsZero()
	c.begins.note(name, account)
	if len(c.strict) < maxUnasked {
		c.strict[b.hash(name)] = true
	}
	return news
}

// Strict reports whether a room began without a question, so that an owner that no
// token made is one by that.
func (b *Book) Strict(muc, name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.mucs[muc]
	return c != nil && c.strict[b.hash(name)]
}

// Hear has a room looked at with the next round: it may have occupants.
func (b *Book) Hear(muc, name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mucLocked(muc).hear(name)
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

// clip keeps a name for an operator, and not the stanza that it stood in.
func clip(s string) string { return strings.Clone(text.ClipTo(s, maxName)) }
