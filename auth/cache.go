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
//
// An entry is found by the end of its token, as to hash the whole takes longer, and
// is one for the whole text alone.
type cache struct {
	mu       sync.RWMutex
	verdicts bounded.Map[string, *verdict] // by endOf the token
}

func noVerdicts() bounded.Map[string, *verdict] {
	return bounded.Map[string, *verdict]{Most: maxCacheEntries, Weight: maxCacheBytes,
		Weigh: func(_ string, v *verdict) int { return len(v.token) }}
}

// A verdict is what one token proved, but for its time and the client's name.
type verdict struct {
	token  string
	id     Identity // Account is empty if the token names none
	issuer *issuerRules
	key    *keys.Key
	span   span
	had    uint64
	form   *inner.Form // on a relay host
}

// endOf returns the end of a token: a whole signature of 32 bytes, or the end of a longer
// one. Tokens that share it take each other's place, which nobody gains by.
func endOf(token string) string {
	const most = 43
	return token[max(0, len(token)-most):]
}

func (c *cache) get(token string) *verdict {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if v, ok := c.verdicts.Get(endOf(token)); ok && v.token == token {
		return v
	}
	return nil
}

func (c *cache) put(v *verdict) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.verdicts.Put(endOf(v.token), v)
}

func (c *cache) drop(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok := c.verdicts.Get(endOf(token)); ok && v.token == token {
		c.verdicts.Delete(endOf(token))
	}
}
