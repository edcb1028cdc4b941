package component

import "sync"

const (
	maxAtDesk          = 16 // commands of likely moderators at the same time
	maxStrangersAtDesk = 2  // commands of others, which are not likely to come to anything
)

// deskPlaces bounds the commands that are under way. An account has one place.
// Accounts of which memory does not say that they are moderators have places of
// their own: however many they are, they take none of the others'.
type deskPlaces struct {
	mu         sync.Mutex
	busy       map[string]bool // by bare JID
	moderators int
	strangers  int
}

func newDeskPlaces() *deskPlaces { return &deskPlaces{busy: map[string]bool{}} }

// enter takes a place, if there is one.
func (p *deskPlaces) enter(account string, likely bool) (leave func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	taken, most := &p.strangers, maxStrangersAtDesk
	if likely {
		taken, most = &p.moderators, maxAtDesk
	}
	if p.busy[account] || *taken >= most {
		return nil, false
	}
	*taken++
	p.busy[account] = true
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		*taken--
		delete(p.busy, account)
	}, true
}
