package authtest

import (
	"context"
	"sync"
	"time"

	"usher/auth"
)

// Sessions is an auth.Sessions for tests of what asks it: it remembers the last
// login of each account in memory, without bounds, and revokes nothing.
type Sessions struct {
	now func() time.Time

	mu      sync.Mutex
	logins  map[login]auth.Identity
	streams map[string]login // by auth.ResumptionPrint
}

type login struct{ host, account string }

// NewSessions returns Sessions with a clock; nil is time.Now.
func NewSessions(now func() time.Time) *Sessions {
	if now == nil {
		now = time.Now
	}
	return &Sessions{now: now, logins: map[login]auth.Identity{}, streams: map[string]login{}}
}

// Record is as auth.Sessions says.
func (s *Sessions) Record(_ context.Context, id auth.Identity) (then func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins[login{id.Host, id.Account}] = id
	return nil, nil
}

// Await waits for nothing.
func (s *Sessions) Await(context.Context) error { return nil }

// Revoked is always false.
func (s *Sessions) Revoked(auth.Identity) bool { return false }

// Exists is as auth.Sessions says.
func (s *Sessions) Exists(host, account string, held func(issuer, keyPrint string) bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, ok := s.lastLocked(login{host, account})
	return ok && held(id.Issuer, id.KeyPrint)
}

// lastLocked returns the last login of an account, if its token is not over.
func (s *Sessions) lastLocked(l login) (auth.Identity, bool) {
	id, ok := s.logins[l]
	return id, ok && !auth.Over(auth.End(id.Expires, leeway), s.now())
}

// Remember is as auth.Sessions says.
func (s *Sessions) Remember(_ context.Context, host, account, tokenPrint, resumption string) error {
	stream := auth.ResumptionPrint(host, tokenPrint, resumption)
	if stream == "" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := login{host, account}
	if id, ok := s.lastLocked(l); !ok || !id.Random || id.TokenPrint != tokenPrint {
		return auth.ErrNoSession
	}
	for other, of := range s.streams {
		if of == l {
			delete(s.streams, other) // only the last one of a session is kept
		}
	}
	s.streams[stream] = l
	return nil
}

// Resumable is as auth.Sessions says.
func (s *Sessions) Resumable(host, tokenPrint, resumption string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, there := s.streams[auth.ResumptionPrint(host, tokenPrint, resumption)]
	if id, ok := s.lastLocked(l); !there || !ok || id.TokenPrint != tokenPrint {
		return "", false
	}
	return l.account, true
}

// Streams returns how many streams can be resumed.
func (s *Sessions) Streams() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.streams)
}
