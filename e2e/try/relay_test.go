package try

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"usher/e2e/nginx"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/world"
)

// TestRelay: all is well where Jitsi's own modules verify inner tokens, and jicofo makes the room; and what is wrong
// there is named.
func TestRelay(t *testing.T) {
	t.Parallel()
	world.Each(t, world.Options{Relay: &world.Relay{}}, func(t *testing.T, w *world.World) {
		r := try(t, w, "--url", "ws://"+w.Usher.Gateway)
		r.isWell(t)
		if list := w.Usher.Run(t, "sessions", "list", "--json"); strings.Contains(list, "usher-try") {
			t.Errorf("the session is still there: %s", list)
		}
		debian := startNginx(t, nginx.Config{Shape: "debian", Gateway: w.Usher.Gateway})
		r = try(t, w, "--url", page, "--connect", debian.TLS(), "--ca-file", debian.Certificate())
		r.isWell(t)
		past := startNginx(t, nginx.Config{Gateway: w.Prosody.HTTP()})
		r = try(t, w, "--url", page, "--connect", past.TLS(), "--ca-file", past.Certificate())
		r.stopsAt(t, "gateway", "goes past usher", w.Usher.Gateway)

		if err := w.Jicofo.Close(); err != nil {
			t.Fatal(err)
		}
		r = try(t, w, "--url", "ws://"+w.Usher.Gateway)
		r.stopsAt(t, "conference", "jicofo makes no room", "systemctl status jicofo")

		w.Usher.Write("inner.pem", newKey(t)) // and Prosody is not restarted
		w.Usher.Run(t, "reload")
		r = try(t, w, "--url", "ws://"+w.Usher.Gateway)
		h := r.hop("key")
		if !strings.Contains(h.Seen, "another app_secret") || !strings.Contains(h.Mend, "restart Prosody") {
			t.Errorf("%+v", h)
		}
		if h := r.hop("login"); !strings.Contains(h.Seen, "Prosody refused it, usher did not") {
			t.Errorf("%+v", h)
		}
		if err := w.Prosody.Stop(); err != nil {
			t.Fatal(err)
		}
		r = try(t, w, "--url", "ws://"+w.Usher.Gateway)
		if h := r.hop("Prosody"); !strings.Contains(h.Seen, "web server does not answer at "+w.Prosody.HTTP()) {
			t.Errorf("%+v", r.Hops)
		}
	})
}

func newKey(t testing.TB) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
}

// TestNoWebSocket: usher is there, and Prosody without mod_websocket.
func TestNoWebSocket(t *testing.T) {
	t.Parallel()
	world.Each(t, world.Options{Gateway: gateway}, func(t *testing.T, w *world.World) {
		p := prosodytest.Start(t, prosody.Config{Modules: []string{"bosh"}, Hosts: []prosody.Host{{Name: world.Meet}}})
		reconfigure(t, w, w.Prosody.HTTP(), p.HTTP())
		r := try(t, w, "--url", "ws://"+w.Usher.Gateway)
		r.stopsAt(t, "Prosody", "mod_websocket is not loaded there", "modules_enabled")
	})
}
