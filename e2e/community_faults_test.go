package e2e

import (
	"syscall"
	"testing"
	"time"

	"usher/e2e/client"
)

// TestCommunityHTTPFaults: no module lets anybody in while the daemon is away, and each goes on by itself when it is back.
func TestCommunityHTTPFaults(t *testing.T) {
	names := []string{"http", "http_async", "custom_http", "oauth"}
	eachCommunity(t, func(t *testing.T, w *communityWorld) {
		for _, name := range names {
			d := communityDoors[name]
			w.login(t, d) // a connection that is kept alive does not survive the daemon
			w.usher.kill()
			for range 3 {
				if _, took := w.stay(t, d, client.Plain("alice", communityToken(t, d, "alice"))); took > externalAway {
					t.Errorf("%s: refused after %s", name, took)
				}
			}
			w.usher.start()
			w.login(t, d)
			w.pause(t, d)
		}
	}, names...)
}

func (w *communityWorld) login(t *testing.T, d communityDoor) {
	t.Helper()
	good := communityToken(t, d, "alice")
	w.enter(t, d, "alice", client.Plain("alice", good))
	if w.offersBearer(d) {
		w.enter(t, d, "alice", client.Bearer(good))
	}
}

// pause has the daemon stand still for a while: each login gets its own answer, late.
func (w *communityWorld) pause(t *testing.T, d communityDoor) {
	t.Helper()
	w.usher.signal(syscall.SIGSTOP)
	right := w.later(t, d, client.Plain("alice", communityToken(t, d, "alice")))
	wrong := w.later(t, d, client.Plain("mallory", communityToken(t, d, "alice")))
	time.Sleep(time.Second)
	w.usher.signal(syscall.SIGCONT)
	if err := <-wrong; err == nil {
		t.Error("let in after a pause")
	}
	if err := <-right; err != nil {
		t.Errorf("after a pause: %v", err)
	}
	w.login(t, d)
}
