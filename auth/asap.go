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

	"usher/internal/occasion"
)

const (
	maxASAPKeys = 256

	// Unknown kids, which strangers can write into tokens, cost the key server
	// ten small requests a second at the most, eight of them at once. Keys that
	// are known are fetched anew beside these, so that neither holds up the other.
	asapBurst     = 20
	asapPause     = 100 * time.Millisecond
	maxAsking     = 8
	maxRefreshing = 4
)

// asap keeps the keys of an ASAP key server: one PEM file for each kid, at
// <url>/<hex sha256(kid)>.pem. A kid is fetched when a token names it.
//
// Its goroutine starts one more for each fetch, and waits for them.
type asap struct {
	*source
	hasher kidHasher
	failed occasion.Gate // of log lines that strangers can cause

	mu      sync.Mutex // never held during a fetch
	known   map[string]*asapKey
	queue   *kidQueue // unknown kids that wait for their fetch
	missing missingKids
	useless map[string]skip // files that hold no good key; at most maxSkipped
	pace    bucket

	asking     map[string]bool // unknown kids that are being fetched
	refreshing map[string]bool // known kids that are
}

type asapKey struct {
	key     *Key
	body    []byte
	due     time.Time
	backoff backoff
}

// newASAP is ready from the start: there is nothing to fetch before a kid.
func newASAP(s *source) *asap {
	s.set.Store(&keyset{})
	s.markTried()
	return &asap{source: s, hasher: newKidHasher(), known: map[string]*asapKey{}, queue: newKidQueue(), missing: missingKids{},
		useless: map[string]skip{}, pace: bucket{burst: asapBurst, pause: asapPause}, asking: map[string]bool{}, refreshing: map[string]bool{}}
}

func (a *asap) want(kid string) lookup {
	if kid == "" || len(kid) > maxKeyID {
		return lookup{detail: a.title() + " has a key for each kid, and the token names none"}
	}
	now, h := time.Now(), a.hasher.hash(kid)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known[kid] != nil { // came in this moment
		return lookup{pending: true, detail: a.title() + " has the key now"}
	}
	if k, ok := a.missing.get(h, now); ok {
		l := lookup{pending: k.pending, trouble: k.pending, detail: fmt.Sprintf("%s gives no key for it: %s (asked again in %v at the earliest)",
			a.title(), k.why, k.until.Sub(now).Round(time.Second))}
		if !k.pending {
			l.detail += "; have the application publish it there"
		}
		return l
	}
	if !a.asking[kid] {
		a.queue.add(kid, h, now)
		if a.queue.len() == 1 { // otherwise run knows already
			a.rouse()
		}
	}
	return lookup{pending: true, detail: a.title() + " is being asked for it"}
}

func (a *asap) run(ctx context.Context) {
	var fetches sync.WaitGroup
	defer fetches.Wait()
	for ctx.Err() == nil {
		a.wait(ctx, a.start(ctx, &fetches))
	}
}

// start begins all fetches that are due and allowed, and returns when to look
// again; the zero time means when roused.
func (a *asap) start(ctx context.Context, fetches *sync.WaitGroup) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	for a.queue.len() > 0 && len(a.asking) < maxAsking && !now.Before(a.pace.ready()) {
		a.pace.take(now)
		a.fetchLocked(ctx, fetches, a.queue.pop(), a.asking)
	}
	var next time.Time
	for len(a.refreshing) < maxRefreshing {
		kid, due := a.firstDueLocked()
		if kid == "" || now.Before(due) {
			next = due
			break
		}
		a.fetchLocked(ctx, fetches, kid, a.refreshing)
	}
	if ready := a.pace.ready(); a.queue.len() > 0 && len(a.asking) < maxAsking && (next.IsZero() || ready.Before(next)) {
		next = ready
	}
	return next
}

// firstDueLocked returns the known kid that is to be fetched anew first.
func (a *asap) firstDueLocked() (kid string, due time.Time) {
	for id, k := range a.known {
		if !a.refreshing[id] && (kid == "" || k.due.Before(due)) {
			kid, due = id, k.due
		}
	}
	return kid, due
}

func (a *asap) fetchLocked(ctx context.Context, fetches *sync.WaitGroup, kid string, under map[string]bool) {
	under[kid] = true
	fetches.Go(func() {
		a.refresh(ctx, kid)
		a.mu.Lock()
		delete(under, kid)
		a.mu.Unlock()
		a.rouse()
	})
}

// refresh fetches the key of one kid.
func (a *asap) refresh(ctx context.Context, kid string) {
	from := a.from
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
	key, err := parseKeyFile(r.body, kid)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	due := time.Now().Add(jitter(r.fresh))
	if old := a.known[kid]; old != nil && bytes.Equal(old.body, r.body) {
		old.due = due
		old.backoff.reset()
		return nil
	}
	key.use(a.options.Now())
	a.known[kid] = &asapKey{key: key, body: r.body, due: due}
	delete(a.missing, a.hasher.hash(kid))
	delete(a.useless, kid)
	a.dropLeastUsedLocked()
	a.publishLocked()
	a.log(ctx, slog.LevelInfo, "key fetched", slog.String("key", key.String()))
	return nil
}

// fail notes that a key could not be fetched. Only a server that says so
// takes a key away.
func (a *asap) fail(ctx context.Context, kid string, err error) {
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	k, gone := a.known[kid], keyIsGone(err)
	if k != nil && !gone {
		k.due = now.Add(k.backoff.next())
		a.log(ctx, slog.LevelWarn, "fetching a key again failed; the old one stays",
			slog.String("key", clip(kid)), slog.String("error", err.Error()))
		return
	}
	if k != nil {
		delete(a.known, kid)
		a.publishLocked()
		a.log(ctx, slog.LevelWarn, "key removed", slog.String("key", clip(kid)), slog.String("error", err.Error()))
	} else {
		a.logMissing(ctx, kid, err)
	}
	a.missing.forget(now)
	m := missingKid{until: now.Add(missingFor), why: err.Error()}
	if _, answered := errors.AsType[*contentError](err); !answered && !gone {
		m.until, m.pending = now.Add(troubledFor), true
	} else {
		a.noteUselessLocked(kid, err, answered)
	}
	a.missing.add(a.hasher.hash(kid), m)
}

// noteUselessLocked has the status tell of files that the server has and that
// hold no good key.
func (a *asap) noteUselessLocked(kid string, err error, there bool) {
	_, told := a.useless[kid]
	if told == there || there && len(a.useless) >= maxSkipped {
		return
	}
	if delete(a.useless, kid); there {
		a.useless[kid] = skip{member: fmt.Sprintf("kid %q", clip(kid)), kid: kid, why: err.Error()}
	}
	a.publishLocked()
}

// logMissing says little of kids that the server does not have: anybody can
// write one into a token, and the line of the login names it.
func (a *asap) logMissing(ctx context.Context, kid string, err error) {
	level := slog.LevelWarn
	if keyIsGone(err) {
		level = slog.LevelDebug
	}
	if silent, ok := a.failed.Now(); ok {
		a.log(ctx, level, "fetching a key failed", slog.String("key", clip(kid)), slog.String("error", err.Error()),
			slog.Int("more_unlogged", silent))
	}
}

// keyIsGone tells the server's no from a server in trouble. Object stores say
// 403 for a file that is not there.
func keyIsGone(err error) bool {
	status, ok := errors.AsType[statusError](err)
	return ok && (status == http.StatusNotFound || status == http.StatusForbidden || status == http.StatusGone)
}

// dropLeastUsedLocked makes room. The kid that goes has verified tokens, so it
// is fetched before all unknown ones when it is wanted again.
func (a *asap) dropLeastUsedLocked() {
	if len(a.known) <= maxASAPKeys {
		return
	}
	least := ""
	for kid, k := range a.known {
		if least == "" || k.key.lastUse() < a.known[least].key.lastUse() {
			least = kid
		}
	}
	a.queue.prefer(a.hasher.hash(least))
	delete(a.known, least)
}

func (a *asap) publishLocked() {
	set := &keyset{keys: make([]*Key, 0, len(a.known))}
	for k := range maps.Values(a.known) {
		set.keys = append(set.keys, k.key)
	}
	slices.SortFunc(set.keys, func(a, b *Key) int { return cmp.Compare(a.id, b.id) })
	set.skipped = slices.SortedFunc(maps.Values(a.useless), func(a, b skip) int { return cmp.Compare(a.kid, b.kid) })
	a.set.Store(set)
}
