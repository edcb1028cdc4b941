package keys

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"time"

	"usher/auth/keys/fetch"
	"usher/internal/logattr"
	"usher/internal/text"
)

// take puts a fetched key into force, unless it is the one that is in force.
func (a *asap) take(ctx context.Context, kid string, r fetch.Response) error {
	key, err := parseKeyFile(r.Body, kid)
	if err != nil {
		return err
	}
	if a.replace(kid, key, r) {
		a.log(ctx, slog.LevelInfo, "key fetched", slog.String("key", key.String()))
	}
	return nil
}

// replace reports whether the key is another than before.
func (a *asap) replace(kid string, key *Key, r fetch.Response) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	due := time.Now().Add(jitter(r.Fresh))
	if old := a.known[kid]; old != nil && bytes.Equal(old.body, r.Body) {
		old.due = due
		old.backoff.reset()
		return false
	}
	key.MarkUsed(a.options.Now())
	a.known[kid] = &asapKey{key: key, body: r.Body, due: due}
	a.missing.kids.Delete(a.hasher.hash(kid))
	delete(a.useless, kid)
	a.dropLeastUsedLocked()
	a.publishLocked()
	return true
}

// fail notes and logs that a key could not be fetched.
func (a *asap) fail(ctx context.Context, kid string, err error) {
	attrs := []slog.Attr{slog.String("key", text.Name(kid)), logattr.Err(err)}
	switch before, now := a.noteFailure(kid, err); {
	case before && now:
		a.log(ctx, slog.LevelWarn, "fetching a key again failed; the old one stays", attrs...)
	case before:
		a.log(ctx, slog.LevelWarn, "key removed", attrs...)
	default:
		a.logMissing(ctx, err, attrs)
	}
}

// noteFailure reports whether the kid had a key before, and has it still. Only
// a server that says so takes a key away, or publishes how to sign.
func (a *asap) noteFailure(kid string, err error) (before, after bool) {
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	k, gone := a.known[kid], keyIsGone(err)
	if k != nil && !gone && !errors.Is(err, errPrivatePEM) {
		k.due = now.Add(k.backoff.next())
		return true, true
	}
	if k != nil {
		delete(a.known, kid)
		a.publishLocked()
	}
	a.missing.forget(now)
	m := missingKid{until: now.Add(missingFor), why: err.Error()}
	if _, answered := errors.AsType[*contentError](err); !answered && !gone {
		m.until, m.pending = now.Add(troubledFor), true
	} else {
		a.noteUselessLocked(kid, err, answered)
	}
	a.missing.add(a.hasher.hash(kid), m)
	return k != nil, false
}

// logMissing says little of kids that the server does not have: a stranger can
// write one into a token, and the line of the login names it. A private key in
// its place is an alarm.
func (a *asap) logMissing(ctx context.Context, err error, attrs []slog.Attr) {
	level := slog.LevelWarn
	switch {
	case errors.Is(err, errPrivatePEM):
		level = slog.LevelError
	case keyIsGone(err):
		level = slog.LevelDebug
	}
	if silent, ok := a.failed.Allow(); ok || level == slog.LevelError {
		a.log(ctx, level, "fetching a key failed", append(attrs, logattr.NotLogged(silent))...)
	}
}

// noteUselessLocked has the status tell of files that the server has and that
// hold no good key.
func (a *asap) noteUselessLocked(kid string, err error, there bool) {
	_, told := a.useless[kid]
	if told == there || there && len(a.useless) >= maxSkipped {
		return
	}
	if delete(a.useless, kid); there {
		member := fmt.Sprintf("kid %q", text.Name(kid))
		a.useless[kid] = skip{member: member, kid: kid, why: err.Error(), alarm: errors.Is(err, errPrivatePEM)}
	}
	a.publishLocked()
}

// keyIsGone tells the server's no from a server in trouble. Object stores say
// 403 for a file that is not there.
func keyIsGone(err error) bool {
	status, ok := errors.AsType[fetch.StatusError](err)
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
	a.queue.Prefer(least)
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
