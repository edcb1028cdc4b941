package keys

import (
	"hash/maphash"
	"math/rand/v2"
	"time"

	"usher/internal/bounded"
	"usher/internal/ratelimit"
)

const (
	maxMissing  = 4096             // kids that are known not to be there
	missingFor  = 30 * time.Second // that the server's no counts, for one kid
	troubledFor = 5 * time.Second  // that a failure of the server counts
)

// A Lookup is what key sources say of a kid that none of their keys has.
type Lookup struct {
	// Pending means that a source has not been asked yet, or could not answer:
	// the same token may be good in a moment.
	Pending bool
	Trouble bool   // a source has failed, which an operator should see to
	Detail  string // for an operator; it holds no URL
}

// A kidHash stands for a kid where strangers may fill a table: it has a fixed
// size, and its seed is random, so that a stranger cannot aim at the kid of another.
type kidHash uint64

type kidHasher struct{ seed maphash.Seed }

func newKidHasher() kidHasher { return kidHasher{maphash.MakeSeed()} }

func (h kidHasher) hash(kid string) kidHash { return kidHash(maphash.String(h.seed, kid)) }

// missingKids remembers for a while which kids the server was asked for in
// vain, so that none of them is asked for again at once. At the bound any goes: what
// is forgotten is asked for again, at the source's pace.
type missingKids struct {
	kids bounded.Map[kidHash, missingKid]
}

func newMissingKids() missingKids {
	return missingKids{bounded.Map[kidHash, missingKid]{Most: maxMissing}}
}

type missingKid struct {
	until   time.Time
	pending bool   // the server was in trouble; otherwise it said no
	why     string // clipped
}

func (m *missingKids) get(kid kidHash, now time.Time) (missingKid, bool) {
	k, ok := m.kids.Get(kid)
	return k, ok && now.Before(k.until)
}

func (m *missingKids) add(kid kidHash, k missingKid) { m.kids.Put(kid, k) }

// forget drops what does not count any more.
func (m *missingKids) forget(now time.Time) {
	for kid, k := range m.kids.All() {
		if !now.Before(k.until) {
			m.kids.Delete(kid)
		}
	}
}

const (
	minBackoff = 5 * time.Second
	maxBackoff = 5 * time.Minute
)

// jitter spreads d by a tenth to both sides, so that the servers of one
// operator do not ask all at once.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.9 + 0.2*rand.Float64()))
}

// A backoff waits longer after each failure. The zero value begins anew.
type backoff struct{ wait time.Duration }

func (b *backoff) next() time.Duration {
	b.wait = min(max(2*b.wait, minBackoff), maxBackoff)
	return jitter(b.wait)
}

func (b *backoff) reset() { b.wait = 0 }

// A pace bounds the fetches that strangers can cause.
type pace struct {
	ratelimit.Rate
	full time.Time // what the rate keeps
}

// ready returns when the next fetch is allowed.
func (p *pace) ready() time.Time { return p.Ready(p.full) }

// take uses up one fetch.
func (p *pace) take(now time.Time) { p.full, _ = p.Take(p.full, now) }
