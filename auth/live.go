package auth

import (
	"context"
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
// good: the [Sessions] of a verifier that was given none.
type liveTable struct {
	now     func() time.Time
	mu      sync.RWMutex
	entries map[liveAccount]liveLogin
}

type liveAccount struct{ host, account string }

// A liveLogin is the login of an account that counts for the longest.
type liveLogin struct {
	issuer, key string
	until       time.Time
}

// Record remembers a login. At the bound something else goes: whoever is
// forgotten can log in all the same.
func (t *liveTable) Record(_ context.Context, id Identity) error {
	until := t.now().Add(maxLiveTime)
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
	if there && known.key == id.KeyPrint && known.issuer == id.Issuer && until.Before(known.until) {
		return nil
	}
	if !there && len(t.entries) >= maxLive {
		for victim := range t.entries {
			delete(t.entries, victim)
			break
		}
	}
	t.entries[account] = liveLogin{issuer: id.Issuer, key: id.KeyPrint, until: until}
	return nil
}

// Revoked is always false: nothing outlives the process here.
func (t *liveTable) Revoked(string) bool { return false }

// Exists is as [Sessions] says.
func (t *liveTable) Exists(host, account string, held func(issuer, keyPrint string) bool) bool {
	t.mu.RLock()
	l, ok := t.entries[liveAccount{host, account}]
	t.mu.RUnlock()
	return ok && t.now().Before(l.until) && held(l.issuer, l.key)
}

// Drop forgets an account.
func (t *liveTable) Drop(host, account string) {
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
