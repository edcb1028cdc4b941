package auth

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	maxASAPKeys = 64
	asapBurst   = 4
)

// asap keeps the keys of an ASAP key server: one PEM file for each kid, at
// <url>/<hex sha256(kid)>.pem. A kid is fetched when a token names it.
type asap struct {
	*source

	mu      sync.Mutex // never held during a fetch
	known   map[string]*asapKey
	pending pendingKids
	missing missingKids
	unknown bucket
}

type asapKey struct {
	key     *Key
	body    []byte
	wanted  time.Time
	due     time.Time
	backoff backoff
}

// newASAP is ready from the start: there is nothing to fetch before a kid.
func newASAP(s *source) *asap {
	s.set.Store(&keyset{})
	s.markTried()
	return &asap{source: s, known: map[string]*asapKey{}, missing: missingKids{}, unknown: bucket{burst: asapBurst}}
}

func (a *asap) want(kid string) {
	if kid == "" || len(kid) > maxKeyID {
		return
	}
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if k := a.known[kid]; k != nil {
		k.wanted = now
		return
	}
	if a.missing.holds(kid, now) {
		return
	}
	a.pending.add(kid)
	if len(a.pending) == 1 { // otherwise run knows already
		a.rouse()
	}
}

func (a *asap) step(ctx context.Context) time.Time {
	if kid, ok := a.nextKid(time.Now()); ok {
		a.refresh(ctx, kid)
	}
	return a.nextTime()
}

// nextKid picks an unknown kid if one may be fetched, and else the known one
// that is due first. So an outage that makes every refresh slow does not keep
// new kids waiting.
func (a *asap) nextKid(now time.Time) (kid string, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.pending) > 0 && !now.Before(a.unknown.ready()) {
		a.unknown.take(now)
		return a.pending.most(), true
	}
	kid, due := a.firstDue()
	return kid, kid != "" && !now.Before(due)
}

func (a *asap) firstDue() (kid string, due time.Time) {
	for id, k := range a.known {
		if kid == "" || k.due.Before(due) {
			kid, due = id, k.due
		}
	}
	return kid, due
}

// nextTime returns when the next fetch is due; zero if none is.
func (a *asap) nextTime() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	kid, due := a.firstDue()
	if ready := a.unknown.ready(); len(a.pending) > 0 && (kid == "" || ready.Before(due)) {
		return ready
	}
	return due
}

// refresh fetches the key of one kid.
func (a *asap) refresh(ctx context.Context, kid string) {
	from := a.url
	if from != nil {
		name := sha256.Sum256([]byte(kid))
		from = from.JoinPath(hex.EncodeToString(name[:]) + ".pem")
	}
	err := a.get(ctx, from, func(r response) error { return a.take(ctx, kid, r) })
	if err != nil && ctx.Err() == nil {
		a.fail(ctx, kid, err)
	}
}

// take puts a fetched key into force, unless it is the one that is in force.
func (a *asap) take(ctx context.Context, kid string, r response) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	due := now.Add(jitter(r.fresh))
	old := a.known[kid]
	if old != nil && bytes.Equal(old.body, r.body) {
		old.due = due
		old.backoff.reset()
		return nil
	}
	key, err := parseASAPKey(r.body, kid)
	if err != nil {
		return err
	}
	k := &asapKey{key: key, body: r.body, wanted: now, due: due}
	if old != nil {
		k.wanted = old.wanted
	}
	a.known[kid] = k
	delete(a.missing, kid)
	a.pending.remove(kid)
	a.dropLeastWanted()
	a.publish()
	a.log(ctx, slog.LevelInfo, "key fetched", slog.String("key", key.String()))
	return nil
}

// parseASAPKey reads the one public key of a file.
func parseASAPKey(body []byte, kid string) (*Key, error) {
	keys, err := ParsePublicKeys(body, kid)
	if err != nil {
		return nil, clipError(err)
	}
	if len(keys) != 1 {
		return nil, fmt.Errorf("%d keys in one file; there must be one", len(keys))
	}
	keys[0].id = kid
	return keys[0], nil
}

// fail notes that a key could not be fetched. Only a server that says so
// takes a key away.
func (a *asap) fail(ctx context.Context, kid string, err error) {
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pending.remove(kid)
	k := a.known[kid]
	gone := keyIsGone(err)
	switch {
	case k != nil && !gone:
		k.due = now.Add(k.backoff.next())
		a.log(ctx, slog.LevelWarn, "fetching a key again failed; the old one stays",
			slog.String("key", clip(kid)), slog.String("error", err.Error()))
		return
	case k != nil:
		delete(a.known, kid)
		a.publish()
		a.log(ctx, slog.LevelWarn, "key removed", slog.String("key", clip(kid)), slog.String("error", err.Error()))
	default:
		a.log(ctx, slog.LevelWarn, "fetching a key failed", slog.String("key", clip(kid)), slog.String("error", err.Error()))
	}
	a.missing.add(kid, now, gone)
}

// keyIsGone tells the server's no from a server in trouble. Object stores say
// 403 for a file that is not there.
func keyIsGone(err error) bool {
	status, ok := errors.AsType[statusError](err)
	return ok && (status == http.StatusNotFound || status == http.StatusForbidden || status == http.StatusGone)
}

func (a *asap) dropLeastWanted() {
	if len(a.known) <= maxASAPKeys {
		return
	}
	least := ""
	for kid, k := range a.known {
		if least == "" || k.wanted.Before(a.known[least].wanted) {
			least = kid
		}
	}
	delete(a.known, least)
}

func (a *asap) publish() {
	set := &keyset{keys: make([]*Key, 0, len(a.known))}
	for k := range maps.Values(a.known) {
		set.keys = append(set.keys, k.key)
	}
	slices.SortFunc(set.keys, func(a, b *Key) int { return cmp.Compare(a.id, b.id) })
	a.set.Store(set)
}
