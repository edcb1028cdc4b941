package component

import "sync"

const (
	maxInFlight          = 16 // commands of likely moderators at the same time
	maxStrangersInFlight = 2  // commands of others, which are not likely to come to anything
)

// A commandLimiter bounds the commands that are under way. An account has one place.
// Accounts of which memory does not say that they are moderators have places of
// their own: however many they are, they take none of the others'.
type commandLimiter struct {
	mu         sync.Mutex
	busy       map[string]bool // by bare JID
	moderators int
	strangers  int
}

func newCommandLimiter() *commandLimiter {
	return &commandLimiter{busy: map[string]bool{}}
}

// enter takes a place, if there is one.
func (l *commandLimiter) enter(account string, likely bool) (leave func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken, most := &l.strangers, maxStrangersInFlight
	if likely {
		taken, most = &l.moderators, maxInFlight
	}
	if l.busy[account] || *taken >= most {
		return nil, false
	}
	*taken++
	l.busy[account] = true
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		*taken--
		delete(l.busy, account)
	}, true
}
