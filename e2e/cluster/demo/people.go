package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"usher/auth/keys"
	"usher/e2e/client"
)

// token makes a token that is good for an hour.
func (d *demo) token(user string) (string, error) {
	key, err := keys.SecretSigningKey([]byte(d.secret), "HS256")
	if err != nil {
		return "", err
	}
	now := time.Now()
	return keys.Mint(key, "", map[string]any{"iss": "my-app", "aud": "jitsi", "sub": host, "room": "*",
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"context": map[string]any{"user": map[string]any{"id": user}}})
}

// logIn logs in to a shard's Prosody, and returns the account.
func (s *shard) logIn(ctx context.Context, user, token string) (jid string, err error) {
	session, err := client.Dial(ctx, client.Plain(user, token).At(s.prosody.C2S(), host))
	if err != nil {
		return "", err
	}
	return session.JID(), session.Close()
}

// A crowd is people who log in one after the other, each once.
type crowd struct {
	d       *demo
	s       *shard
	let     []string
	failed  []error
	mu      sync.Mutex
	next    atomic.Int64
	calm    atomic.Bool
	workers sync.WaitGroup
}

// crowdOf starts to log people in whose names begin with a word.
func (d *demo) crowdOf(ctx context.Context, s *shard, word string) *crowd {
	c := &crowd{d: d, s: s}
	for range 3 {
		c.workers.Go(func() {
			for !c.calm.Load() && ctx.Err() == nil {
				c.one(ctx, fmt.Sprintf("%s%d", word, c.next.Add(1)))
			}
		})
	}
	return c
}

func (c *crowd) one(ctx context.Context, user string) {
	token, err := c.d.token(user)
	if err == nil {
		_, err = c.s.logIn(ctx, user, token)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.failed = append(c.failed, err)
		time.Sleep(50 * time.Millisecond) // as who reads why
		return
	}
	c.let = append(c.let, user)
}

// more waits for so many more logins.
func (c *crowd) more(ctx context.Context, n int) error {
	count := func() int {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.let)
	}
	enough := count() + n
	return until(ctx, "more logins", func() error {
		if count() >= enough {
			return nil
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		return fmt.Errorf("%d were let in: %w", len(c.let), errors.Join(c.failed[max(0, len(c.failed)-3):]...))
	})
}

// stop returns who was let in, and what the others were told.
func (c *crowd) stop() (let []string, failed []error) {
	c.calm.Store(true)
	c.workers.Wait()
	return c.let, c.failed
}
