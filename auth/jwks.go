package auth

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"
)

// jwks keeps one JWK set fresh. All but asked belongs to the goroutine.
type jwks struct {
	*source
	asked atomic.Bool // for a kid that is not in the set

	body    []byte // that the current keys were read from
	due     time.Time
	backoff backoff
	unknown bucket
}

// want takes no note of the kid: whichever it is, the whole set is fetched.
func (j *jwks) want(string) {
	if !j.asked.Swap(true) {
		j.rouse()
	}
}

func (j *jwks) step(ctx context.Context) time.Time {
	if j.unknown.burst == 0 {
		j.unknown.burst = 1
	}
	now := time.Now()
	asked := j.asked.Load() && !now.Before(j.unknown.ready())
	if asked {
		j.unknown.take(now)
	}
	if asked || !now.Before(j.due) {
		j.asked.Store(false) // before the fetch: who asks during it may need the next
		j.refresh(ctx)
	}
	if ready := j.unknown.ready(); j.asked.Load() && ready.Before(j.due) {
		return ready
	}
	return j.due
}

// refresh fetches the set; if that fails, the old keys stay.
func (j *jwks) refresh(ctx context.Context) {
	var fresh time.Duration
	err := j.get(ctx, j.url, func(r response) error {
		fresh = r.fresh
		return j.take(ctx, r.body)
	})
	if ctx.Err() != nil {
		return
	}
	defer j.markTried()
	if err == nil {
		j.backoff.reset()
		j.due = time.Now().Add(jitter(fresh))
		return
	}
	wait := j.backoff.next()
	j.due = time.Now().Add(wait)
	j.log(ctx, slog.LevelWarn, "fetching keys failed", slog.String("error", err.Error()),
		slog.Bool("old_keys", j.current() != nil), slog.Duration("again_in", wait.Round(time.Second)))
}

// take puts a set into force, unless it is the one that is in force.
func (j *jwks) take(ctx context.Context, body []byte) error {
	if j.current() != nil && bytes.Equal(body, j.body) {
		return nil
	}
	keys, skipped, err := parseJWKSet(body)
	if err != nil {
		return clipError(err)
	}
	if len(keys) == 0 {
		if len(skipped) > 0 {
			return clipError(errors.New("JWK set: no usable key; " + skipped[0]))
		}
		return errors.New("JWK set: no key")
	}
	for _, k := range keys {
		k.label = "a key of " + j.issuer // for one without a kid
	}
	j.body = body
	j.set.Store(&keyset{keys})
	j.log(ctx, slog.LevelInfo, "keys fetched", slog.Int("keys", len(keys)))
	if len(skipped) > 0 {
		j.log(ctx, slog.LevelWarn, "keys left out", slog.Any("skipped", skipped[:min(len(skipped), maxSetKeys)]))
	}
	return nil
}
