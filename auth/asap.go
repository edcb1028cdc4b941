package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	maxASAPKeys = 64
	asapBurst   = 4 // unknown kids that may be fetched at once; then one every 30 s
)

// An asapState is what runASAP remembers from fetch to fetch.
type asapState struct {
	keys   map[string]asapKey
	asked  map[string]time.Time // kids that the server did not have, until when not to ask again
	tokens float64              // of the bucket that limits fetches for unknown kids
	filled time.Time
}

type asapKey struct {
	key *Key
	due time.Time // of the next refresh
}

// runASAP fetches a key when a token names it, and again when it is stale.
// Each kid is a file of its own on the server, as Jitsi's verifier has it:
// <url>/<hex SHA-256 of kid>.pem.
func (s *source) runASAP(ctx context.Context) {
	a := &asapState{keys: map[string]asapKey{}, asked: map[string]time.Time{}, tokens: asapBurst, filled: s.o.Now()}
	timer := time.NewTimer(maxBackoff)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-timer.C:
		}
		s.refreshASAP(ctx, a)
		for kid := s.mostWanted(a); kid != "" && a.spend(s.o.Now()); kid = s.mostWanted(a) {
			s.fetchASAP(ctx, a, kid)
		}
		timer.Reset(s.untilASAP(a))
	}
}

// spend takes one fetch out of the bucket.
func (a *asapState) spend(now time.Time) bool {
	a.tokens = min(a.tokens+now.Sub(a.filled).Seconds()/unknownKidEvery.Seconds(), asapBurst)
	a.filled = now
	if a.tokens < 1 {
		return false
	}
	a.tokens--
	return true
}

// mostWanted takes the unknown kid that most logins named: strangers can name
// any, but an issuer's own is named by all its users.
func (s *source) mostWanted(a *asapState) string {
	now := s.o.Now()
	maps.DeleteFunc(a.asked, func(_ string, until time.Time) bool { return now.After(until) })
	s.mu.Lock()
	defer s.mu.Unlock()
	best := ""
	for kid, n := range s.wanted {
		_, asked := a.asked[kid]
		if _, known := a.keys[kid]; known || asked {
			delete(s.wanted, kid)
		} else if best == "" || n > s.wanted[best] {
			best = kid
		}
	}
	return best
}

// refreshASAP fetches the known keys that are stale.
func (s *source) refreshASAP(ctx context.Context, a *asapState) {
	now := s.o.Now()
	for _, kid := range slices.Sorted(maps.Keys(a.keys)) {
		if !now.Before(a.keys[kid].due) {
			s.fetchASAP(ctx, a, kid)
		}
	}
}

func (s *source) fetchASAP(ctx context.Context, a *asapState, kid string) {
	s.mu.Lock()
	delete(s.wanted, kid)
	s.mu.Unlock()
	key, fresh, err := s.takeASAP(ctx, kid)
	if ctx.Err() != nil {
		return
	}
	s.note(err)
	old, known := a.keys[kid]
	status := statusError(0)
	switch {
	case err == nil:
		a.keys[kid] = asapKey{key, s.o.Now().Add(jitter(fresh))}
	case known && errors.As(err, &status) && status.gone():
		delete(a.keys, kid)
	case known:
		a.keys[kid] = asapKey{old.key, s.o.Now().Add(jitter(maxBackoff))}
	default:
		a.remember(kid, s.o.Now())
	}
	s.publishASAP(a)
}

// remember keeps a kid that was not there from being asked for again soon.
func (a *asapState) remember(kid string, now time.Time) {
	if len(a.asked) < maxASAPKeys {
		a.asked[kid] = now.Add(unknownKidEvery)
	}
}

func (s *source) takeASAP(ctx context.Context, kid string) (*Key, time.Duration, error) {
	digest := sha256.Sum256([]byte(kid))
	body, fresh, err := fetch(ctx, s.o.Client, strings.TrimSuffix(s.url, "/")+"/"+hex.EncodeToString(digest[:])+".pem")
	if err != nil {
		return nil, 0, err
	}
	keys, err := ParsePublicKeys(body, "asap")
	if err != nil {
		return nil, 0, err
	}
	if len(keys) != 1 {
		return nil, 0, fmt.Errorf("the key server's file has %d keys, one is wanted", len(keys))
	}
	keys[0].id = kid
	return keys[0], fresh, nil
}

// publishASAP puts the keys into force, at most maxASAPKeys: the ones that
// were refreshed last.
func (s *source) publishASAP(a *asapState) {
	for len(a.keys) > maxASAPKeys {
		oldest := ""
		for kid, k := range a.keys {
			if oldest == "" || k.due.Before(a.keys[oldest].due) {
				oldest = kid
			}
		}
		delete(a.keys, oldest)
	}
	set := &keyset{}
	for _, kid := range slices.Sorted(maps.Keys(a.keys)) {
		set.keys = append(set.keys, a.keys[kid].key)
	}
	s.set.Store(set)
}

// untilASAP returns the time until something is due.
func (s *source) untilASAP(a *asapState) time.Duration {
	wait := maxBackoff
	s.mu.Lock()
	if len(s.wanted) > 0 {
		wait = unknownKidEvery
	}
	s.mu.Unlock()
	for _, k := range a.keys {
		wait = min(wait, max(k.due.Sub(s.o.Now()), time.Second))
	}
	return wait
}
