package auth

import (
	"sync"
	"time"
)

const (
	maxLive = 131072

	// maxLiveTime bounds how long a login counts whose token has no real end
	// (98753496345768 in the original how-to).
	maxLiveTime = 24 * time.Hour
)

// A liveTable knows the accounts that have logged in and whose token is still
// good, for the doors that are asked whether an account exists.
type liveTable struct {
	mu      sync.RWMutex
	entries map[liveAccount]liveLogin
}

type liveAccount struct{ host, account string }

// A liveLogin is the login of an account that counts for the longest.
type liveLogin struct {
	issuer string
	key    fingerprint
	until  time.Time
}

// record remembers a login. At the bound something else goes: whoever is
// forgotten can log in all the same.
func (t *liveTable) record(id Identity, key *Key, now time.Time) {
	until := now.Add(maxLiveTime)
	if !id.Expires.IsZero() && id.Expires.Before(until) {
		until = id.Expires
	}
	account := liveAccount{id.Host, id.Account}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.entries == nil {
		t.entries = map[liveAccount]liveLogin{}
	}
	known, there := t.entries[account]
	if there && known.key == key.print && known.issuer == id.Issuer && until.Before(known.until) {
		return
	}
	if !there && len(t.entries) >= maxLive {
		for victim := range t.entries {
			delete(t.entries, victim)
			break
		}
	}
	t.entries[account] = liveLogin{issuer: id.Issuer, key: key.print, until: until}
}

func (t *liveTable) get(host, account string) (liveLogin, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	l, ok := t.entries[liveAccount{host, account}]
	return l, ok
}

func (t *liveTable) drop(host, account string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.entries, liveAccount{host, account})
}

// expire forgets the logins whose time is over.
func (t *liveTable) expire(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for account, l := range t.entries {
		if !now.Before(l.until) {
			delete(t.entries, account)
		}
	}
}

// Exists reports whether name is an account that a Prosody may be told of: a
// service account, or one that has logged in with a token that is still good,
// that is, neither expired nor signed by a key that has gone. The name is a
// JID localpart; an unknown host has service accounts at most.
func (v *Verifier) Exists(host, name string) bool {
	r := v.rules.Load()
	h := r.host(host)
	if h != nil {
		host = h.name
	}
	for account := range spellings(name, h != nil && h.UnicodeAccounts) {
		if r.serviceAccounts[account+"@"+lowerASCII(host)] || h != nil && v.isLive(h, account) {
			return true
		}
	}
	return false
}

// isLive also asks whether the key is still there: it may have gone with a
// reload or a refreshed key set.
func (v *Verifier) isLive(h *hostRules, account string) bool {
	l, ok := v.live.get(h.name, account)
	if !ok || !v.now().Before(l.until) {
		return false
	}
	issuer := h.issuers[l.issuer]
	return issuer != nil && issuer.holdsPrint(l.key)
}

// Revoke ends what an account has here: its tickets, and that it counts as
// existing. Its token is not refused by it.
func (v *Verifier) Revoke(host, account string) {
	v.tickets.dropAccount(host, account)
	v.live.drop(host, account)
}
