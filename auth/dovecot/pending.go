package dovecot

import (
	"slices"

	"usher/auth"
)

// maxPending bounds the logins of one connection that wait for a response.
// Prosody does not say when a user gives up, so the oldest make room. It has one
// connection for all users: so many that nobody can begin them all, and drop
// them, in the moment that another's response takes.
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
