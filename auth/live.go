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
	leeway  func(host string) time.Duration
	mu      sync.RWMutex
	entries map[liveAccount]liveLogin
	streams map[string]liveAccount // by liveLogin.stream
}

type liveAccount struct{ host, account string }

// A liveLogin is the login of an account that counts for the longest.
type liveLogin struct {
	issuer, key string
	until       time.Time

	// Of an account that was drawn for a token: the token's print, and that of
	// the stream that can be resumed ([ResumptionPrint]), or nothing.
	token, stream string
}

// Record remembers a login. At the bound something else goes: whoever is
// forgotten can log in all the same.
func (t *liveTable) Record(_ context.Context, id Identity) error {
	until := t.now().Add(maxLiveTime)
	if end := End(id.Expires, t.leeway(id.Host)); Over(end, until) {
		until = end
	}
	account := liveAccount{id.Host, id.Account}
	t.mu.Lock()
	defer t.mu.Unlock()
	known, there := t.entries[account]
	if there && known.key == id.KeyPrint && known.issuer == id.Issuer && until.Before(known.until) {
		return nil
	}
	if !there && len(t.entries) >= maxLive {
		for victim := range t.entries {
			t.remove(victim)
			break
		}
	}
	login := liveLogin{issuer: id.Issuer, key: id.KeyPrint, until: until}
	if id.Random {
		login.token = id.TokenPrint
		if known.token == login.token {
			login.stream = known.stream
		}
	}
	t.put(account, login)
	return nil
}

// put wants the lock.
func (t *liveTable) put(account liveAccount, login liveLogin) {
	if t.entries == nil {
		t.entries, t.streams = map[liveAccount]liveLogin{}, map[string]liveAccount{}
	}
	t.remove(account)
	t.entries[account] = login
	if login.stream != "" {
		t.streams[login.stream] = account
	}
}

// remove wants the lock.
func (t *liveTable) remove(account liveAccount) {
	if stream := t.entries[account].stream; t.streams[stream] == account {
		delete(t.streams, stream)
	}
	delete(t.entries, account)
}

// Remember is as [Sessions] says, but lasts as long as the process.
func (t *liveTable) Remember(_ context.Context, host, account, tokenPrint, resumption string) error {
	stream := ResumptionPrint(host, tokenPrint, resumption)
	if stream == "" {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	login, there := t.entries[liveAccount{host, account}]
	if !there || login.token != tokenPrint || !t.now().Before(login.until) {
		return ErrNoSession
	}
	login.stream = stream
	t.put(liveAccount{host, account}, login)
	return nil
}

// Resumable is as [Sessions] says.
func (t *liveTable) Resumable(host, tokenPrint, resumption string) (string, bool) {
	stream := ResumptionPrint(host, tokenPrint, resumption)
	t.mu.RLock()
	defer t.mu.RUnlock()
	account, there := t.streams[stream]
	if !there || !t.now().Before(t.entries[account].until) {
		return "", false
	}
	return account.account, true
}

// Revoked is always false: nothing outlives the process here.
func (t *liveTable) Revoked(Identity) bool { return false }

// Exists is as [Sessions] says.
func (t *liveTable) Exists(host, account string, held func(issuer, keyPrint string) bool) bool {
	t.mu.RLock()
	l, ok := t.entries[liveAccount{host, account}]
	t.mu.RUnlock()
	return ok && t.now().Before(l.until) && held(l.issuer, l.key)
}

// expire forgets the logins whose time is over.
func (t *liveTable) expire(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for account, l := range t.entries {
		if !now.Before(l.until) {
			t.remove(account)
		}
	}
}
