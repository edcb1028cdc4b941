package auth

import (
	"sync"

	"usher/auth/keys"
)

const (
	maxCacheEntries = 8192
	maxCacheBytes   = 8 << 20 // of tokens' text
)

// A cache keeps what verified tokens proved, by the token's text, which has
// only one spelling (see shape.go). It is bounded in entries and bytes and
// dies with the rules that it belongs to; expiry and the key are asked again
// at each use. Refusals are not kept: a key that is added counts at once.
// The zero value is ready.
type cache struct {
	mu    sync.RWMutex
	recs  map[string]*verdict
	bytes int
}

// A verdict is what one token proved, but for its time and the client's name.
type verdict struct {
	id     Identity // Account is empty if the token names none
	issuer *issuerRules
	key    *keys.Key
	span   span
	had    uint64
}

func (c *cache) get(token string) *verdict {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.recs[token]
}

// put makes room by dropping whatever the map gives first: a cache that is
// full of live tokens has no better choice that costs nothing to know.
func (c *cache) put(token string, v *verdict) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.recs == nil {
		c.recs = map[string]*verdict{}
	}
	if _, there := c.recs[token]; there || len(token) > maxCacheBytes {
		return
	}
	for len(c.recs) >= maxCacheEntries || c.bytes+len(token) > maxCacheBytes {
		c.dropOne()
	}
	c.recs[token] = v
	c.bytes += len(token)
}

func (c *cache) dropOne() {
	for token := range c.recs {
		c.delete(token)
		return
	}
}

func (c *cache) drop(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, there := c.recs[token]; there {
		c.delete(token)
	}
}

func (c *cache) delete(token string) {
	delete(c.recs, token)
	c.bytes -= len(token)
}
