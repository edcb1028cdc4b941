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

// CountStreams returns how many streams can be resumed.
func CountStreams(v *Verifier) int {
	v.sessions.(*liveTable).mu.RLock()
	defer v.sessions.(*liveTable).mu.RUnlock()
	return len(v.sessions.(*liveTable).streams)
}

// CountLive returns how many accounts are remembered.
func CountLive(v *Verifier) int {
	v.sessions.(*liveTable).mu.RLock()
	defer v.sessions.(*liveTable).mu.RUnlock()
	return len(v.sessions.(*liveTable).entries)
}
