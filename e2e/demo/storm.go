package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"usher/e2e/client"
)

// stormUsers is how many log in at the same time; leastLogins is how many logins a change of keys must survive.
const (
	stormUsers  = 4
	leastLogins = 40
)

// duringStorm changes something while people log in again and again with tokens
// of a secret, a new one each time: of one token usher takes 300 logins a minute.
// Every login must succeed.
func duringStorm(ctx context.Context, d *demoWorld, secret string, change func() error) error {
	var calm atomic.Bool
	var logins atomic.Int64
	failures := make([]error, stormUsers)
	var users sync.WaitGroup
	for i := range failures {
		users.Go(func() {
			for failures[i] == nil && (!calm.Load() || logins.Load() < leastLogins) {
				token, err := token(secret, "alice", time.Hour+time.Duration(logins.Add(1))*time.Second)
				if err == nil {
					_, err = d.logIn(ctx, client.Plain("alice", token))
				}
				failures[i] = err
			}
		})
	}
	err := change()
	calm.Store(true)
	users.Wait()
	if err := errors.Join(append(failures, err)...); err != nil {
		return fmt.Errorf("after %d logins: %w", logins.Load(), err)
	}
	fmt.Fprintf(d.out, "   %d logins meanwhile, none failed\n", logins.Load())
	return nil
}
