package auth

// ForgetVerdicts empties the cache, so that a benchmark verifies each time.
func ForgetVerdicts(v *Verifier) {
	for _, h := range v.rules.Load().hosts {
		h.cache.mu.Lock()
		for token := range h.cache.verdicts.All() {
			h.cache.verdicts.Delete(token)
		}
		h.cache.mu.Unlock()
	}
}
