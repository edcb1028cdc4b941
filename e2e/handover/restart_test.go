package handover

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/e2e/client"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/tokens"
)

const (
	restarts = 20
	people   = 4 // who log in at the same time, without a pause
)

// A crowd logs in until it is stopped.
type crowd struct {
	address  string
	good     atomic.Int64
	mu       sync.Mutex
	failed   []string
	slowest  time.Duration
	stop     context.CancelFunc
	loggings sync.WaitGroup
}

func gather(t *testing.T, address string) *crowd {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	c := &crowd{address: address, stop: cancel}
	for n := range people {
		c.loggings.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				c.login(t, fmt.Sprintf("p%d-%d", n, i))
			}
		})
	}
	t.Cleanup(func() { c.end() })
	return c
}

func (c *crowd) login(t *testing.T, name string) {
	token := tokens.Sign(t, meet, tokens.Called(name))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	start := time.Now()
	s, err := client.Dial(ctx, client.Plain(name, token).At(c.address, meet))
	took := time.Since(start)
	if err == nil {
		_ = s.Close()
		c.good.Add(1)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slowest = max(c.slowest, took)
	if err != nil {
		c.failed = append(c.failed, fmt.Sprintf("%s after %v: %v", name, took, err))
	}
}

// end waits for the last logins, and returns those that failed.
func (c *crowd) end() []string {
	c.stop()
	c.loggings.Wait()
	return c.failed
}

// served waits until so many more have logged in.
func (c *crowd) served(t *testing.T, more int64) {
	t.Helper()
	want := c.good.Load() + more
	eventually(t, fmt.Sprintf("%d logins", want), func() bool { return c.good.Load() >= want })
}

// startProsody starts one whose host asks the daemon.
func startProsody(t *testing.T, v prosody.Version, socket string) *prosody.Server {
	t.Helper()
	return prosodytest.Start(t, prosody.Config{Version: v, LogLevel: "info", Hosts: []prosody.Host{{Name: meet,
		Lines: fmt.Sprintf("authentication = \"dovecot\"\ndovecot_auth_socket = %q\nservice_name = %q\n", socket, meet)}}})
}

// TestRestarts: of people who log in all the time, none fails while usher is restarted again and again. Nothing is in
// systemd's store while usher runs.
func TestRestarts(t *testing.T) {
	prosodytest.InTurn(t, func(t *testing.T, v prosody.Version) {
		d, m := under(t)
		c := gather(t, startProsody(t, v, d.Path("auth.sock")).C2S())
		c.served(t, people)
		var away time.Duration
		for range restarts {
			start := time.Now()
			d.Stop()
			if kept := m.Kept(); len(kept) != 1 || kept[0] != "dovecot-conn-proven" {
				t.Errorf("systemd has %q", kept)
			}
			d.Start()
			away = max(away, time.Since(start))
			if kept := m.Kept(); len(kept) != 0 {
				t.Errorf("while usher runs systemd has %q", kept)
			}
			c.served(t, people)
		}
		if failed := c.end(); len(failed) > 0 {
			t.Errorf("%d logins failed:\n%q", len(failed), failed)
		}
		t.Logf("%d logins, none lost in %d restarts; the longest restart %v, the slowest login %v", c.good.Load(), restarts,
			away, c.slowest)
	})
}

// TestKilled: a kill costs the logins that are under way and no more, as nothing was handed over: each stream that is
// open before its login has the connection of then.
func TestKilled(t *testing.T) {
	prosodytest.InTurn(t, func(t *testing.T, v prosody.Version) {
		d, m := under(t)
		c := gather(t, startProsody(t, v, d.Path("auth.sock")).C2S())
		c.served(t, people)
		for range 3 {
			before := len(c.failures())
			d.Kill()
			if kept := m.Kept(); len(kept) != 0 {
				t.Errorf("systemd has %q", kept)
			}
			d.Start()
			c.served(t, 2*people)
			if lost := len(c.failures()) - before; lost > people {
				t.Errorf("a kill cost %d logins: %q", lost, c.failures())
			}
		}
		t.Logf("%d logins, 3 kills, lost: %q", c.good.Load(), c.end())
	})
}

func (c *crowd) failures() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failed
}
