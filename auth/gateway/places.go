package gateway

import (
	"net/netip"
	"sync"

	"usher/metrics"
)

// places counts connections, in all and for each client address. The zero
// value is ready.
type places struct {
	mu     sync.Mutex
	taken  int
	groups map[netip.Prefix]int
}

// take takes a place, and says for which bound there is none.
func (p *places) take(c *Settings, from client) (free func(), full metrics.Refusal) {
	group, known := from.group(), c.known(from)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.taken >= c.Connections:
		return nil, metrics.RefusedConnections
	case known && p.groups[group] >= c.ConnectionsPerAddress:
		return nil, metrics.RefusedAddress
	}
	p.taken++
	if known {
		if p.groups == nil {
			p.groups = map[netip.Prefix]int{}
		}
		p.groups[group]++
	}
	return sync.OnceFunc(func() { p.free(group, known) }), 0
}

func (p *places) free(group netip.Prefix, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	if !known {
		return
	}
	if p.groups[group]--; p.groups[group] == 0 {
		delete(p.groups, group)
	}
}
