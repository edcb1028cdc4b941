package recent

import (
	"hash/maphash"
	"sync"
	"time"

	"usher/auth"
	"usher/metrics"
)

// The bounds of all decisions together.
const (
	maxDecisions     = 1000
	maxDecisionBytes = 2 << 20
)

// Decisions are the last ones. They are safe for concurrent use.
type Decisions struct {
	now   func() time.Time
	queue chan explaining
	seed  maphash.Seed // nobody can choose an account for another's share

	mu        sync.Mutex
	last      uint64 // the number of the last one
	n, bytes  int
	piles     map[kind]*pile
	largest   *pile // nil: it has to be looked for
	followers int
	changed   chan struct{} // is closed when there is more to follow
}

// A pile are the decisions of one kind, the oldest first.
type pile struct {
	entries []*entry
	bytes   int
}

// NewDecisions returns none. A nil now is time.Now.
func NewDecisions(now func() time.Time) *Decisions {
	if now == nil {
		now = time.Now
	}
	return &Decisions{now: now, queue: make(chan explaining, maxExplaining), piles: map[kind]*pile{},
		seed: maphash.MakeSeed(), changed: make(chan struct{})}
}

// Login keeps a login that was decided.
func (d *Decisions) Login(l auth.Decided) {
	e := &entry{kind: kind{about: Login, door: l.Credentials.Door, host: l.Host, reason: metrics.ReasonOK},
		took: l.Took, login: l.ID.LoginID, result: metrics.Allowed, issuer: kept(l.Issuer, longestName),
		user: kept(l.ID.AccountClaim, longestName), key: kept(l.ID.KeyID, longestName), displayID: l.ID.DisplayID,
		displayName: l.ID.DisplayName, failed: l.Failed}
	if l.Ticket {
		e.about = Ticket
	}
	if e.proven = l.ID.Host != ""; e.proven && l.ID.Account != "" {
		e.account = kept(l.ID.JID(), longestName)
	}
	if l.Credentials.Name != "" && l.Credentials.Name != l.ID.Account {
		e.name = named(l.Credentials.Name)
	}
	if l.Refusal == nil {
		d.add(e)
		return
	}
	e.refuse(l.Refusal)
	if e.host == "" {
		e.name = named(l.Credentials.Name + "@" + l.Credentials.Host)
	}
	d.addExplained(e, l.Credentials)
}

func (e *entry) refuse(r *auth.Refusal) {
	e.reason, e.detail, e.result = string(r.Reason), kept(r.Detail, longestDetail), metrics.Denied
	if r.Reason.Undecided() {
		e.result = metrics.Undecided
	}
}

// add keeps an entry, in the place of as many others as it takes.
func (d *Decisions) add(e *entry) {
	e.at = d.now()
	if e.result != metrics.Allowed && e.account != "" {
		e.share = uint8(maphash.String(d.seed, e.account) % shares)
	}
	size := e.bytes()
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.piles[e.kind]
	if p == nil {
		p = &pile{}
	}
	d.makeRoomLocked(p, size)
	d.last++
	e.number = d.last
	p.entries = append(p.entries, e)
	d.piles[e.kind] = p // it may have been emptied for this one
	d.n++
	d.growLocked(p, size)
	d.tellLocked()
}

// growLocked counts bytes that an entry of a pile has more.
func (d *Decisions) growLocked(p *pile, bytes int) {
	p.bytes += bytes
	d.bytes += bytes
	if d.largest != nil && p.bytes > d.largest.bytes {
		d.largest = p
	}
}

// makeRoomLocked drops what is too much once a pile has one more entry of a size, or, for no pile, what is already.
func (d *Decisions) makeRoomLocked(p *pile, size int) {
	most := maxDecisions
	if p != nil {
		most--
	}
	for d.n > most || d.bytes+size > maxDecisionBytes {
		if d.largest == nil {
			d.findLargestLocked()
		}
		from := d.largest
		if p != nil && len(p.entries) > 0 && p.bytes+size >= from.bytes {
			from = p
		}
		d.dropLocked(from)
		if from != p {
			d.largest = nil
		}
	}
}

func (d *Decisions) findLargestLocked() {
	for _, p := range d.piles {
		if d.largest == nil || p.bytes > d.largest.bytes {
			d.largest = p
		}
	}
}

// dropLocked drops the oldest entry of a pile.
func (d *Decisions) dropLocked(p *pile) {
	e := p.entries[0]
	p.entries[0] = nil
	p.entries = p.entries[1:]
	d.n--
	d.growLocked(p, -e.bytes())
	if len(p.entries) == 0 {
		delete(d.piles, e.kind)
		if d.largest == p {
			d.largest = nil
		}
	}
}

// tellLocked wakes who follows.
func (d *Decisions) tellLocked() {
	if d.followers > 0 {
		close(d.changed)
		d.changed = make(chan struct{})
	}
}
