package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"
)

// runJWKS fetches the set when it is stale, sooner when it failed, and when a
// token names a kid that is not in it, at most every 30 seconds.
func (s *source) runJWKS(ctx context.Context) {
	var j jwksState
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
			timer.Reset(j.sooner(s.o.Now()))
			continue
		case <-timer.C:
		}
		wait := s.fetchJWKS(ctx, &j)
		s.onceOnly.Do(func() { close(s.first) })
		j.next = s.o.Now().Add(wait)
		timer.Reset(wait)
	}
}

// jwksState is what runJWKS remembers from fetch to fetch.
type jwksState struct {
	body    []byte // of the set in force
	backoff time.Duration
	last    time.Time // of the last fetch
	next    time.Time // when the next is due
}

// sooner returns the time until the next fetch, now that a kid is unknown.
func (j *jwksState) sooner(now time.Time) time.Duration {
	due := j.last.Add(unknownKidEvery)
	if j.next.Before(due) {
		due = j.next
	}
	return max(due.Sub(now), 0)
}

// fetchJWKS fetches once and returns the time until the next.
func (s *source) fetchJWKS(ctx context.Context, j *jwksState) time.Duration {
	j.last = s.o.Now()
	fresh, err := s.takeJWKS(ctx, j)
	if ctx.Err() != nil {
		return maxBackoff
	}
	s.note(err)
	if err != nil {
		j.backoff = min(max(2*j.backoff, minBackoff), maxBackoff)
		return jitter(j.backoff)
	}
	j.backoff = 0
	s.forgetWanted()
	return jitter(fresh)
}

// takeJWKS puts a new set into force if it is another one. A set that cannot
// be used leaves the old one where it is.
func (s *source) takeJWKS(ctx context.Context, j *jwksState) (fresh time.Duration, err error) {
	defer func() {
		if p := recover(); p != nil { // a parser's fault must not end the refreshing
			err = fmt.Errorf("the set could not be read: panic of type %T", p)
		}
	}()
	body, fresh, err := fetch(ctx, s.o.Client, s.url)
	if err != nil || s.current() != nil && bytes.Equal(body, j.body) {
		return fresh, err
	}
	keys, skipped, err := parseJWKSet(body)
	if err != nil {
		return 0, err
	}
	for _, why := range skipped {
		s.o.Log.Warn("key of a set left out", "issuer", s.issuer, "why", why)
	}
	if len(keys) == 0 {
		return 0, errors.New("JWK set: no key that can verify tokens")
	}
	j.body = body
	s.set.Store(&keyset{keys: keys})
	return fresh, nil
}

func (s *source) forgetWanted() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.wanted)
}
