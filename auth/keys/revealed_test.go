package keys

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"usher/auth/keys/fetch"
	"usher/auth/keys/keystest"
)

// TestRevealedKey: a key whose private half its server publishes is dead, also
// where nothing else of the answer can be used and the last good keys stay.
func TestRevealedKey(t *testing.T) {
	private := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	block := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(private))}))
	text := func(s string) string { return `"` + strings.ReplaceAll(s, "\n", `\n`) + `"` }
	good := keystest.JWK(&private.PublicKey, map[string]any{"kid": "a"})
	leaked := maps.Clone(good)
	leaked["d"] = "AAAA"
	for name, row := range map[string]struct{ before, after string }{
		"a set":                {keystest.JWKSet(good), keystest.JWKSet(leaked)},
		"under another kid":    {keystest.JWKSet(good), keystest.JWKSet(keystest.JWK(&private.PublicKey, map[string]any{"d": "AAAA"}))},
		"a map":                {`{"a":` + text(keystest.PEM(&private.PublicKey)) + `}`, `{"b":` + text(block) + `}`},
		"a map, with its half": {`{"a":` + text(keystest.PEM(&private.PublicKey)) + `}`, `{"a":` + text(keystest.PEM(&private.PublicKey)) + `,"b":` + text(block) + `}`},
	} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			server, s := newSetServer(t, row.before, &log)
			key := s.current().keys[0]
			server.Publish(row.after)
			time.Sleep(2 * fetch.DefaultFresh)
			synctest.Wait()
			if s.current().holds(key) || !strings.Contains(log.String(), "level=ERROR") {
				t.Errorf("%s: held: %v; the log says %s", name, s.current().holds(key), log.String())
			}
			if st := s.status(); st.Problem == "" || len(st.Skipped) == 0 {
				t.Errorf("%s: status %+v", name, st)
			}
			server.Publish(row.before)
			time.Sleep(2 * fetch.DefaultFresh)
			synctest.Wait()
			if len(s.current().keys) != 1 || s.problem() != "" {
				t.Errorf("%s, mended: %v, %q", name, s.current().keys, s.problem())
			}
		})
	}
}

// TestRevealedAmongOthers: the other old keys stay.
func TestRevealedAmongOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := keystest.JWK(keystest.ECKey(t), map[string]any{"kid": "a"}), keystest.JWK(keystest.ECKey(t), map[string]any{"kid": "b"})
		server, s := newSetServer(t, keystest.JWKSet(a, b), nil)
		leaked := maps.Clone(a)
		leaked["d"] = "AAAA"
		server.Publish(keystest.JWKSet(leaked))
		time.Sleep(2 * fetch.DefaultFresh)
		synctest.Wait()
		if got := described(s.current()); got != "b=ES256" || s.problem() != "" {
			t.Errorf("%q, %q", got, s.problem())
		}
	})
}

// TestRevealedASAP: likewise for a key server with a file for each kid.
func TestRevealedASAP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, s := newKeyServer(t, "a", "b")
		s.request("a")
		s.request("b")
		synctest.Wait()
		server.Put("a", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if got := described(s.current()); got != "b=ES256" {
			t.Errorf("%q", got)
		}
	})
}
