package signin

import (
	"net/netip"
	"sync"
	"time"

	"usher/internal/bounded"
	"usher/internal/ratelimit"
)

// perAddress is how often one address may come back from a provider.
var perAddress = ratelimit.Rate{Burst: 20, Every: time.Minute / 20}

const maxAddresses = 1 << 14

// rates hold back the addresses that come too often. Where there are more than fit, one that has all of its rate
// left goes first.
type rates struct {
	mu   sync.Mutex
	full bounded.Map[netip.Prefix, time.Time]
}

func newRates() *rates {
	return &rates{full: bounded.Map[netip.Prefix, time.Time]{Most: maxAddresses,
		Before: func(a, b time.Time) bool { return a.Before(b) }}}
}

// allow counts one more of an address, if it may. An address that is not known is held back by nothing: it is that of
// a proxy which tells none, and all people behind it would be held back together.
func (l *rates) allow(from netip.Prefix, now time.Time) bool {
	if !from.IsValid() {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	full, _ := l.full.Get(from)
	next, ok := perAddress.Take(full, now)
	if ok {
		l.full.Put(from, next)
	}
	return ok
}
