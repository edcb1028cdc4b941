package dovecot

import (
	"slices"

	"usher/auth"
)

// maxPending bounds the logins of one connection that wait for a response. Prosody
// does not say when a user gives up, so the oldest are dropped for new ones. They
// are so many, as all users of a Prosody share one connection, that no user can
// begin them all while another's response is under way.
const maxPending = 4096

// A pendingLogin waits for the client's response to a challenge.
type pendingLogin struct {
	id        uint32
	mechanism string
	service   string
	refused   auth.Reason // if not empty, already decided; the response is a formality
}

// A pendingList holds the logins of one connection in the order of their age.
type pendingList []pendingLogin

// take removes and returns the login with this id.
func (l *pendingList) take(id uint32) (pendingLogin, bool) {
	i := slices.IndexFunc(*l, func(p pendingLogin) bool { return p.id == id })
	if i < 0 {
		return pendingLogin{}, false
	}
	p := (*l)[i]
	*l = slices.Delete(*l, i, i+1)
	return p, true
}

// add appends p, whose id is not in the list.
func (l *pendingList) add(p pendingLogin) {
	if len(*l) >= maxPending {
		*l = slices.Delete(*l, 0, 1)
	}
	*l = append(*l, p)
}
