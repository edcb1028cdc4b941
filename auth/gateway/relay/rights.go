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

// resumedByAnother is what a person is told whose stream has to end, as it was resumed with
// another token, or was over, while Prosody resumed it.
const resumedByAnother = "You have connected twice at the same time. Please reload the page."

// opensRooms reports whether a client may go on with the stream that it wants to resume,
// as far as its rooms tell.
func (t *Streams) opensRooms(c *Client) bool {
	return t.gainsNothing(c, c.Login.Resumes, t.mayBeIn(c.Login.Resumes+"@"+c.Host, c.Resumption))
}

// forget has nobody resume a stream that is remembered for a client, where it is not certain
// that Prosody has the rights of that one: the next might gain some that seem the stream's.
func (t *Streams) forget(c *Client, account, resumption string) {
	if inside := t.mayBeIn(account, resumption); inside.unsure || inside.token != c.Login.ID.TokenPrint {
		t.Logins.StreamEnded(c.Host, resumption, true)
	}
}

// gainsNothing reports whether a login that resumes the stream of an account, a localpart,
// has no rights by it in rooms that its token does not open: Prosody gives the stream the
// features of the token that resumes it, whatever that is for (mod_auth_token until
// September 2026). The account may be in these places; where those are not all of them, it
// may be in any.
func (t *Streams) gainsNothing(c *Client, account string, inside places) bool {
	if !c.Login.MayGain() && !inside.unsure {
		return true
	}
	if t.Rooms == nil || inside.partly {
		return false
	}
	for _, room := range inside.asked {
		if !t.Rooms.Opens(c.Login.ID, account+"@"+c.Host, room) {
			return false
		}
	}
	return true
}
