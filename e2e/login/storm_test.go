package login

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/e2e/client"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
)

const (
	rotations = 12
	stormers  = 8
)

// epoch is the time of one secret: tokens that are signed by it, and the logins with them that are under way.
type epoch struct {
	secret, token string
	underWay      sync.WaitGroup
}

func newEpoch(t *testing.T, n int) *epoch {
	secret := fmt.Sprintf("%064x", 0x9e3779b97f4a7c15*uint64(n+1))
	secret = strings.ReplaceAll(secret, "0000", fmt.Sprintf("%04x", 0xa1c3+n))
	return &epoch{secret: secret, token: authtest.TokenBy(t, secret, authtest.Claims(meet, nil))}
}

// storm logs in without a pause with the token of the current epoch.
type storm struct {
	mu      sync.Mutex
	current *epoch
	logins  atomic.Int64
	workers sync.WaitGroup
	stopped atomic.Bool
}

// enter counts a login that begins to the current epoch.
func (s *storm) enter() *epoch {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current.underWay.Add(1)
	return s.current
}

// next makes another epoch the current one and waits for the logins of the one before.
func (s *storm) next(e *epoch) {
	s.mu.Lock()
	before := s.current
	s.current = e
	s.mu.Unlock()
	before.underWay.Wait()
}

func (s *storm) start(t *testing.T, w *world) {
	for range stormers {
		s.workers.Go(func() {
			for !s.stopped.Load() {
				e := s.enter()
				session, err := w.dial(t, meet, client.Plain("alice", e.token))
				e.underWay.Done()
				if err != nil {
					t.Errorf("a login that should pass: %v", err)
					return
				}
				session.Close()
				s.logins.Add(1)
			}
		})
	}
}

// await lets the storm go on for some logins.
func (s *storm) await(t *testing.T, logins int64) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for until := s.logins.Load() + logins; s.logins.Load() < until; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) || t.Failed() {
			t.Fatal("the storm of logins has stopped")
		}
	}
}

func TestRotationInAStorm(t *testing.T) {
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		w := newWorld(t, v)
		s := &storm{current: newEpoch(t, 0)}
		reload(t, w, s.current.secret)
		s.start(t, w)
		defer s.workers.Wait()
		defer s.stopped.Store(true)
		for n := range rotations {
			rotate(t, w, s, newEpoch(t, n+1))
		}
		t.Logf("%d logins during %d rotations", s.logins.Load(), rotations)
	})
}

func rotate(t *testing.T, w *world, s *storm, e *epoch) {
	old := s.current // only this goroutine changes it
	reload(t, w, old.secret, e.secret)
	s.await(t, stormers)
	s.next(e)
	s.await(t, stormers)
	w.login(t, meet, client.Plain("alice", old.token)) // still good
	reload(t, w, e.secret)
	w.refuseFor(t, meet, client.Plain("alice", old.token), auth.ReasonBadSignature)
}

func reload(t *testing.T, w *world, secrets ...string) {
	t.Helper()
	if err := w.verifier.Reload(config(secrets...)); err != nil {
		t.Fatal(err)
	}
}
