package auth

import "testing"

// ForgetVerdicts empties the cache, so that a benchmark verifies each time.
func ForgetVerdicts(v *Verifier) {
	for _, h := range v.rules.Load().hosts {
		h.cache.mu.Lock()
		clear(h.cache.recs)
		h.cache.bytes = 0
		h.cache.mu.Unlock()
	}
}

// CheckTickets compares what the table of tickets counts with what it holds.
func CheckTickets(t *testing.T, v *Verifier) {
	t.Helper()
	table := v.tickets
	table.mu.Lock()
	defer table.mu.Unlock()
	n, bytes := 0, 0
	for k, b := range table.bundles {
		if b.byAge.Len() == 0 || b.byAge.Len() > k.most() {
			t.Errorf("a bundle of %d tickets", b.byAge.Len())
		}
		n += b.byAge.Len()
		bytes += len(k.token)
	}
	if n != len(table.bySelector) || n != table.byAge.Len() || bytes != table.bytes {
		t.Errorf("%d tickets in bundles, %d by selector, %d by age; %d bytes of tokens, %d counted", n, len(table.bySelector), table.byAge.Len(), bytes, table.bytes)
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
