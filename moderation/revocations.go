package moderation

import "time"

// revocations are the tokens that nobody logs in with any more. They know the
// accounts too: a revoked session may be in a room before the ledger says so.
type revocations struct {
	byToken map[string]Revocation // by token print
	ofJID   map[string]int        // how many of them an account has
}

func newRevocations() revocations {
	return revocations{byToken: map[string]Revocation{}, ofJID: map[string]int{}}
}

func (r *revocations) has(tokenPrint string) bool {
	_, dead := r.byToken[tokenPrint]
	return dead
}

// hit reports whether a session of this bare JID was revoked.
func (r *revocations) hit(jid string) bool { return r.ofJID[jid] > 0 }

func (r *revocations) put(v Revocation) {
	r.drop(v.TokenPrint)
	r.byToken[v.TokenPrint] = v
	r.ofJID[v.JID]++
}

func (r *revocations) drop(tokenPrint string) {
	old, there := r.byToken[tokenPrint]
	if !there {
		return
	}
	delete(r.byToken, tokenPrint)
	if r.ofJID[old.JID]--; r.ofJID[old.JID] == 0 {
		delete(r.ofJID, old.JID)
	}
}

// expire drops those whose token has ended by itself, and returns their prints.
func (r *revocations) expire(now time.Time) []string {
	var gone []string
	for print, v := range r.byToken {
		if !v.Until.IsZero() && !now.Before(v.Until) {
			r.drop(print)
			gone = append(gone, print)
		}
	}
	return gone
}
