package reconcile

import (
	"maps"
	"time"
)

const (
	joinTakes    = 30 * time.Second // at the most, from the role that Prosody computed to the room
	maxDemotions = 64               // of a room that are remembered
)

// demotions are the accounts that were owners against usher's will until a moment ago,
// and when they were demoted. One may be about to come in, as the moderator that it was
// when Prosody computed its role: then the affiliation is set once more, which has the
// role computed anew.
type demotions map[string]time.Time

// recent returns those that may still come in so.
func (d demotions) recent() demotions {
	recent := maps.Clone(d)
	if recent == nil {
		return demotions{}
	}
	maps.DeleteFunc(recent, func(_ string, at time.Time) bool { return time.Since(at) >= joinTakes })
	return recent
}

// add remembers another one, as long as there is place.
func (d demotions) add(jid string) {
	if len(d) < maxDemotions {
		d[jid] = time.Now()
	}
}
