package community

import (
	"syscall"
	"testing"
	"time"

	"usher/e2e/client"
)

// TestCommunityHTTPFaults: no module lets anybody in while the daemon is away, and each goes on by itself when it is
// back.
func TestCommunityHTTPFaults(t *testing.T) {
	names := []string{"http", "http_async", "custom_http", "oauth"}
	each(t, func(t *testing.T, w *world) {
		for _, name := range names {
			d := doors[name]
			w.login(t, d) // a connection that is kept alive does not survive the daemon
			w.usher.Kill()
			for range 3 {
				if _, took := w.stay(t, d, client.Plain("alice", d.token(t, "alice"))); took > externalAway {
					t.Errorf("%s: refused after %s", name, took)
				}
			}
			w.usher.Start()
			w.login(t, d)
			w.pause(t, d)
		}
	}, names...)
}

func (w *world) login(t *testing.T, d door) {
	t.Helper()
	good := d.token(t, "alice")
	w.enter(t, d, "alice", client.Plain("alice", good))
	if w.offersBearer(d) {
		w.enter(t, d, "alice", client.Bearer(good))
	}
}

// pause has the daemon stand still for a while: each login gets its own answer, late.
func (w *world) pause(t *testing.T, d door) {
	t.Helper()
	w.usher.Suspend()
	right := w.later(t, d, client.Plain("alice", d.token(t, "alice")))
	wrong := w.later(t, d, client.Plain("mallory", d.token(t, "alice")))
	time.Sleep(time.Second)
	w.usher.Signal(syscall.SIGCONT)
	if err := <-wrong; err == nil {
		t.Error("let in after a pause")
	}
	if err := <-right; err != nil {
		t.Errorf("after a pause: %v", err)
	}
	w.login(t, d)
}
