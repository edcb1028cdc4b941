package proxy

import (
	"net/netip"
	"sync"

	"usher/metrics"
)

// A limiter counts connections, in all and for each client address. The zero
// value is ready.
type limiter struct {
	mu     sync.Mutex
	taken  int
	groups map[netip.Prefix]int
}

// reserve counts one more connection until it is released, or says which bound is
// reached.
func (l *limiter) reserve(c *Settings, from client) (release func(), full metrics.Refusal) {
	group, known := from.group(), c.known(from)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.taken >= c.Connections:
		return nil, metrics.RefusedConnections
	case known && l.groups[group] >= c.ConnectionsPerAddress:
		return nil, metrics.RefusedAddress
	}
	l.taken++
	if known {
		if l.groups == nil {
			l.groups = map[netip.Prefix]int{}
		}
		l.groups[group]++
	}
	return sync.OnceFunc(func() { l.release(group, known) }), 0
}

func (l *limiter) release(group netip.Prefix, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken--
	if !known {
		return
	}
	if l.groups[group]--; l.groups[group] == 0 {
		delete(l.groups, group)
	}
}

func (l *limiter) count() (all, groups int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.taken, len(l.groups)
}
