package relay

import "time"

// newRights is what a person is told whose stream has to end for other rights.
const newRights = "Your rights have changed. Please reload the page."

// Cut has Prosody read anew what an account, a bare JID, may do. Its client resumes with
// a new inner token; where Prosody would keep the rights of a stream that is resumed,
// the stream ends for good, also one whose client is away. It reports whether there is one.
func (t *Streams) Cut(account string) (found bool) {
	list := t.of(account)
	for _, s := range list {
		s.cut()
	}
	t.mu.Lock()
	keep := t.lost.take(account, time.Now(), func(l *Lost) bool { return !l.renews })
	t.mu.Unlock()
	t.finish(keep)
	return len(list)+len(keep) > 0
}

// Review is Cut of those streams of accounts that have other rights now than they were
// given.
func (t *Streams) Review(accounts []string) {
	for _, account := range accounts {
		for _, s := range t.of(account) {
			s.review()
		}
	}
}

// ReviewAll is Review of all accounts.
func (t *Streams) ReviewAll() {
	t.mu.Lock()
	accounts := make([]string, 0, len(t.running))
	for account := range t.running {
		accounts = append(accounts, account)
	}
	t.mu.Unlock()
	t.Review(accounts)
}

// otherRooms is what a person is told whose stream has to end, as the token that it was
// resumed with is for other rooms.
const otherRooms = "Your link is for another room. Please use a link to this room."

// opensRooms reports whether a client may go on with the stream that it wants to resume,
// as far as its rooms tell.
func (t *Streams) opensRooms(c *Client) bool {
	rooms, all := t.mayBeIn(c.Login.Resumes+"@"+c.Host, c.Resumption)
	return t.gainsNothing(c, c.Login.Resumes, rooms, all)
}

// gainsNothing reports whether a login that resumes the stream of an account, a localpart,
// has no rights by it in rooms that its token does not open: Prosody gives the stream the
// features of the token that resumes it, whatever that is for (mod_auth_token until
// September 2026). The account may be in these rooms; where those are not all of them, it
// may be in any.
func (t *Streams) gainsNothing(c *Client, account string, rooms []string, all bool) bool {
	if !c.Login.MayGain() {
		return true
	}
	if t.Rooms == nil || !all {
		return false
	}
	for _, room := range rooms {
		if !t.Rooms.Opens(c.Login.ID, account+"@"+c.Host, room) {
			return false
		}
	}
	return true
}
