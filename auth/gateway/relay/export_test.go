package relay

import "time"

// Lost returns the streams of an account, a bare JID, whose connection was lost a short time ago: their clients may
// resume them.
func (t *Streams) Lost(account string) []Lost {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lost.of(account, time.Now())
}
