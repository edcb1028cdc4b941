package keys

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"usher/auth/keys/fetch"
	"usher/internal/logattr"
	"usher/internal/ratelimit"
)

const (
	// Tokens with unknown kids cause one fetch for each pause at the most, and
	// after a quiet time three at once: a token with an old kid then does not
	// hold up the first one with a new kid.
	jwksBurst = 3
	jwksPause = 30 * time.Second

	maxAsked = 1024 // kids that one fetch answers
)

// JWKSURL is the kind of a JWK set (RFC 7517 section 5) that a server publishes.
const JWKSURL Kind = "jwks_url"

func jwksURL() kindRow {
	return kindRow{
		kind: JWKSURL,
		manual: Manual{
			Form: "an https URL", Default: `""`,
			Example: "https://id.example.com/realms/meet/protocol/openid-connect/certs",
			Text: "Where the issuer publishes its keys: a JWK set, or a map from `kid` to " +
				"certificate as Google and Firebase have it. usher fetches it in the background, never " +
				"while a login waits, and keeps the last good keys when the server fails. http is " +
				"taken to this machine only, unless `insecure_http` is true.",
		},
		remote: &remoteKind{
			source: "jwks", title: "the key set", schedule: newJWKS,
			accept: "application/jwk-set+json, application/json;q=0.9, */*;q=0.1",
		},
	}
}

// jwks keeps one JWK set fresh. One fetch answers for every kid.
type jwks struct {
	*source
	hasher kidHasher

	mu      sync.Mutex // never held during a fetch
	asked   map[kidHash]bool
	wanted  bool // a fetch, because of asked or because there is no set yet
	missing missingKids

	// The rest belongs to the goroutine.
	body    []byte // that the current keys were read from
	due     time.Time
	backoff backoff
	unknown pace
}

func newJWKS(s *source) scheduler {
	return &jwks{source: s, hasher: newKidHasher(), asked: map[kidHash]bool{}, missing: newMissingKids(),
		unknown: pace{Rate: ratelimit.Rate{Burst: jwksBurst, Every: jwksPause}}}
}

// request says whether the set may yet have a kid, and if so has it fetched as
// soon as its pace allows. An empty kid stands for a key without one.
func (j *jwks) request(kid string) Lookup {
	set, now, h := j.current(), time.Now(), j.hasher.hash(kid)
	j.mu.Lock()
	defer j.mu.Unlock()
	if k, ok := j.missing.get(h, now); ok && set != nil {
		age := missingFor - k.until.Sub(now)
		return Lookup{Detail: fmt.Sprintf("%s (fetched %v ago); have the application publish it there",
			j.absent(set, kid), age.Round(time.Second))}
	}
	if len(j.asked) < maxAsked {
		j.asked[h] = true
	}
	if !j.wanted {
		j.wanted = true
		j.wakeUp()
	}
	if set == nil {
		return Lookup{Pending: true, Trouble: true, Detail: j.title() + ": " + j.problem()}
	}
	l := Lookup{Pending: true, Detail: j.absent(set, kid) + " so far, and is being fetched again"}
	if _, failure := j.lastFailure(); failure != nil {
		l.Trouble, l.Detail = true, l.Detail+"; the last fetch failed: "+failure.Error()
	}
	return l
}

// absent says that the set does not have a kid, and if it was left out, why.
func (j *jwks) absent(set *keyset, kid string) string {
	for _, s := range set.skipped {
		if s.kid == kid && kid != "" {
			return j.title() + " has no key that can be used for it; " + s.String()
		}
	}
	return j.title() + " has no key for it"
}

func (j *jwks) run(ctx context.Context) {
	for ctx.Err() == nil {
		j.wait(ctx, j.step(ctx))
	}
}

// step makes at most one fetch, and returns when to step again.
func (j *jwks) step(ctx context.Context) time.Time {
	now := time.Now()
	wanted := j.isWanted()
	if wanted && !now.Before(j.unknown.ready()) {
		j.unknown.take(now)
		j.refresh(ctx)
	} else if !now.Before(j.due) {
		j.refresh(ctx)
	}
	if ready := j.unknown.ready(); j.isWanted() && ready.Before(j.due) {
		return ready
	}
	return j.due
}

func (j *jwks) isWanted() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.wanted
}

// refresh fetches the set. If that fails, the old keys stay, and no kid counts as
// missing: the next token that names one asks again.
func (j *jwks) refresh(ctx context.Context) {
	j.mu.Lock()
	asked := j.asked // a token that comes during the fetch may need the next one
	j.asked, j.wanted = map[kidHash]bool{}, false
	j.mu.Unlock()
	var fresh time.Duration
	err := j.get(ctx, j.from, func(r fetch.Response) error {
		fresh = r.Fresh
		return j.take(ctx, r.Body)
	})
	if ctx.Err() != nil {
		return
	}
	defer j.markTried()
	if err == nil {
		j.answer(asked)
		j.backoff.reset()
		j.due = time.Now().Add(jitter(fresh))
		return
	}
	wait := j.backoff.next()
	j.due = time.Now().Add(wait)
	j.log(ctx, slog.LevelWarn, "fetching keys failed", logattr.Err(err),
		slog.Bool("old_keys", j.current() != nil), slog.Duration("again_in", wait.Round(time.Second)))
}

// answer remembers which kids of asked the set does not have, and takes those
// that it has from what is still asked for.
func (j *jwks) answer(asked map[kidHash]bool) {
	now, has := time.Now(), map[kidHash]bool{}
	for _, k := range j.current().keys {
		has[j.hasher.hash(k.id)] = k.id != ""
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.missing.forget(now)
	for h := range asked {
		if !has[h] {
			j.missing.add(h, missingKid{until: now.Add(missingFor)})
		}
	}
	for h := range j.asked {
		if has[h] {
			delete(j.asked, h)
		}
	}
	j.wanted = j.wanted && len(j.asked) > 0
}

// take puts a set into force, unless it is the one that is in force.
func (j *jwks) take(ctx context.Context, body []byte) error {
	old := j.current()
	if old != nil && bytes.Equal(body, j.body) {
		return nil
	}
	set, err := readKeyset(body) // whose errors are clipped
	if err != nil {
		j.dropRevealed(ctx, err)
		return err
	}
	for i, k := range set.keys {
		k.label = "a key of " + j.issuer // for one without a kid
		if old != nil {
			set.keys[i] = old.same(k)
		}
	}
	j.body = body
	j.set.Store(set)
	j.mu.Lock()
	j.missing = newMissingKids()
	j.mu.Unlock()
	j.tell(ctx, old, set)
	return nil
}

// dropRevealed takes out of force the keys whose private half a set publishes
// that is of no use otherwise: the last good keys stay, but not these.
func (j *jwks) dropRevealed(ctx context.Context, err error) {
	old := j.current()
	useless, ok := errors.AsType[*uselessSetError](err)
	if old == nil || !ok {
		return
	}
	kept := slices.DeleteFunc(slices.Clone(old.keys), func(k *Key) bool { return useless.revealed[k.print] })
	if len(kept) == len(old.keys) {
		return
	}
	j.body = nil // a set that was good before is to be read again
	set := &keyset{keys: kept, skipped: useless.set.skipped, left: useless.set.left}
	j.set.Store(set)
	j.tell(ctx, old, set)
}

// same returns the key of s that is k, or else k: cached verdicts hold on to it.
func (s *keyset) same(k *Key) *Key {
	i := slices.IndexFunc(s.keys, func(old *Key) bool { return old.same(k) })
	if i < 0 {
		return k
	}
	return s.keys[i]
}

// tell logs a set that says something else than the one before: some servers
// list the same keys in another order each time.
func (j *jwks) tell(ctx context.Context, old, set *keyset) {
	if old != nil && len(old.keys) == len(set.keys) && slices.Equal(old.lines(), set.lines()) &&
		!slices.ContainsFunc(set.keys, func(k *Key) bool { return !slices.Contains(old.keys, k) }) {
		return
	}
	j.log(ctx, slog.LevelInfo, "keys fetched", slog.String("keys", strings.Join(set.names(), ", ")))
	if len(set.skipped) == 0 {
		return
	}
	level := slog.LevelWarn
	if slices.ContainsFunc(set.skipped, func(s skip) bool { return s.alarm }) {
		level = slog.LevelError
	}
	j.log(ctx, level, "keys left out", slog.String("skipped", strings.Join(set.lines(), "; ")))
}
