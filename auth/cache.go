package auth

import (
	"sync"

	"usher/auth/inner"
	"usher/auth/keys"
	"usher/internal/bounded"
)

const (
	maxCacheEntries = 8192
	maxCacheBytes   = 8 << 20 // of tokens' text
)

// A cache keeps what verified tokens proved, by the token's text, which has
// only one spelling (see compact.go). It is bounded in entries and bytes and
// dies with the rules that it belongs to; expiry and the key are asked again
// at each use. Refusals are not kept: a key that is added counts at once. To
// make room any other goes: a cache that is full of live tokens has no better
// choice that costs nothing to know.
type cache struct {
	mu       sync.RWMutex
	verdicts bounded.Map[string, *verdict]
}

func noVerdicts() bounded.Map[string, *verdict] {
	return bounded.Map[string, *verdict]{Most: maxCacheEntries, Weight: maxCacheBytes,
		Weigh: func(token string, _ *verdict) int { return len(token) }}
}

// A verdict is what one token proved, but for its time and the client's name.
type verdict struct {
	id     Identity // Account is empty if the token names none
	issuer *issuerRules
	key    *keys.Key
	span   span
	had    uint64
	form   *inner.Form // on a relay host
}

func (c *cache) get(token string) *verdict {
	c.mu.RLock()
	defer c.mu.RUnlock()
	v, _ := c.verdicts.Get(token)
	return v
}

func (c *cache) put(token string, v *verdict) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.verdicts.Put(token, v)
}

func (c *cache) drop(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.verdicts.Delete(token)
}
