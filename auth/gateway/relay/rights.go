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
