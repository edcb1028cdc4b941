package auth

import (
	"slices"
	"time"
)

const (
	maxPending = 16
	maxMissing = 64
	minMissing = 30 * time.Second // that a kid which was not found is not asked for
)

// pendingKids counts who wants which unknown kid, the oldest first. A kid is
// anything that a stranger writes into a token, so the list is short: a new
// kid takes the place of the least wanted.
type pendingKids []pendingKid

type pendingKid struct {
	kid   string
	count int
}

func (p *pendingKids) add(kid string) {
	if i := p.index(kid); i >= 0 {
		(*p)[i].count++
		return
	}
	if len(*p) == maxPending {
		least := 0
		for i := range *p {
			if (*p)[i].count < (*p)[least].count {
				least = i
			}
		}
		*p = slices.Delete(*p, least, least+1)
	}
	*p = append(*p, pendingKid{kid, 1})
}

func (p *pendingKids) index(kid string) int {
	return slices.IndexFunc(*p, func(k pendingKid) bool { return k.kid == kid })
}

func (p *pendingKids) remove(kid string) {
	*p = slices.DeleteFunc(*p, func(k pendingKid) bool { return k.kid == kid })
}

// most removes and returns the most wanted kid; there must be one.
func (p *pendingKids) most() string {
	most := (*p)[0]
	for _, k := range *p {
		if k.count > most.count {
			most = k
		}
	}
	p.remove(most.kid)
	return most.kid
}

// missingKids remembers kids that the server does not have. At one fetch
// each half minute, maxMissing is more than can be waiting.
type missingKids map[string]missingKid

type missingKid struct {
	until time.Time
	wait  time.Duration
}

func (m missingKids) holds(kid string, now time.Time) bool { return now.Before(m[kid].until) }

// add remembers a kid, and for twice as long each time it is found missing
// again. One that could not be asked for is to be tried again soon.
func (m missingKids) add(kid string, now time.Time, again bool) {
	wait := minMissing
	if old, ok := m[kid]; ok && again {
		wait = min(2*old.wait, maxBackoff)
	}
	m.forget(now)
	m[kid] = missingKid{now.Add(wait), wait}
}

// forget makes room: for all that is long over, and for the one that is over
// first.
func (m missingKids) forget(now time.Time) {
	first := ""
	for kid, k := range m {
		if k.until.Add(maxBackoff).Before(now) {
			delete(m, kid)
		} else if first == "" || k.until.Before(m[first].until) {
			first = kid
		}
	}
	if len(m) >= maxMissing {
		delete(m, first)
	}
}
