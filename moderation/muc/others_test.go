package muc_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/muc"
)

// others are several ushers, of which a test says when more was published.
type others struct {
	mu   sync.Mutex
	more chan struct{}
}

func (o *others) Asked() {}

func (o *others) More() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.more
}

func (o *others) publish() {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.more)
	o.more = make(chan struct{})
}

// TestJoinAfterLoginElsewhere: a join that finds no session waits for one that another usher may have let in, for 50 ms,
// and not past it.
func TestJoinAfterLoginElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, moderationtest.State{})
		o := &others{more: make(chan struct{})}
		s := muc.New(muc.Options{Sessions: f.Sessions, Lobby: f.Lobby, Unasked: f.Asked, Metrics: f.Metrics, Now: f.Now,
			Cluster: o})
		join := func() (moderation.Reason, time.Duration) {
			began := time.Now()
			d := s.Join(t.Context(), "bob@"+host, "standup@"+conference, "nick")
			return d.Reason, time.Since(began)
		}
		if reason, took := join(); reason != moderation.ReasonNoSession || took != 50*time.Millisecond {
			t.Errorf("nobody let him in: %s after %v", reason, took)
		}
		var elsewhere sync.WaitGroup
		elsewhere.Go(func() {
			time.Sleep(10 * time.Millisecond)
			o.publish() // of somebody else
			time.Sleep(10 * time.Millisecond)
			f.Login(t, f.Identity("bob", "t1", "*"))
			o.publish()
		})
		if reason, took := join(); reason != moderation.ReasonToken || took != 20*time.Millisecond {
			t.Errorf("another let him in: %s after %v", reason, took)
		}
		elsewhere.Wait()
		if reason, took := join(); reason != moderation.ReasonToken || took != 0 {
			t.Errorf("he is known: %s after %v", reason, took)
		}
	})
}

// TestJoinsOfStrangers: joins without a session that come all at once do not all wait for one: each would hold a
// connection by which logins come as well.
func TestJoinsOfStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, moderationtest.State{})
		s := muc.New(muc.Options{Sessions: f.Sessions, Lobby: f.Lobby, Unasked: f.Asked, Metrics: f.Metrics, Now: f.Now,
			Cluster: &others{more: make(chan struct{})}})
		const joins = 600
		var all sync.WaitGroup
		var atOnce, refused atomic.Int32
		for range joins {
			all.Go(func() {
				began := time.Now()
				if d := s.Join(t.Context(), "bob@"+host, "standup@"+conference, "nick"); d.Reason == moderation.ReasonNoSession {
					refused.Add(1)
				}
				if time.Since(began) == 0 {
					atOnce.Add(1)
				}
			})
		}
		all.Wait()
		if n := atOnce.Load(); n != joins-512 || refused.Load() != joins {
			t.Errorf("%d did not wait, %d were refused", n, refused.Load())
		}
		began := time.Now()
		if s.Join(t.Context(), "bob@"+host, "standup@"+conference, "nick"); time.Since(began) != 50*time.Millisecond {
			t.Errorf("afterwards one waits for %v", time.Since(began))
		}
	})
}
