package auth

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
)

// TestRevealedKey: a key whose private half its server publishes is dead, also
// where nothing else of the answer can be used and the last good keys stay.
func TestRevealedKey(t *testing.T) {
	private := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	block := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(private))}))
	text := func(s string) string { return `"` + strings.ReplaceAll(s, "\n", `\n`) + `"` }
	good := jwkOf(&private.PublicKey, map[string]any{"kid": "a"})
	leaked := maps.Clone(good)
	leaked["d"] = "AAAA"
	for name, row := range map[string]struct{ before, after string }{
		"a set":                {jwkSet(good), jwkSet(leaked)},
		"under another kid":    {jwkSet(good), jwkSet(jwkOf(&private.PublicKey, map[string]any{"d": "AAAA"}))},
		"a map":                {`{"a":` + text(pemOf(&private.PublicKey)) + `}`, `{"b":` + text(block) + `}`},
		"a map, with its half": {`{"a":` + text(pemOf(&private.PublicKey)) + `}`, `{"a":` + text(pemOf(&private.PublicKey)) + `,"b":` + text(block) + `}`},
	} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			server, s := newSetServer(t, row.before, &log)
			key := s.current().keys[0]
			server.publish(row.after)
			time.Sleep(2 * defaultFresh)
			synctest.Wait()
			if s.current().holds(key) || !strings.Contains(log.String(), "level=ERROR") {
				t.Errorf("%s: held: %v; the log says %s", name, s.current().holds(key), log.String())
			}
			if st := s.status("h"); st.Problem == "" || len(st.Skipped) == 0 {
				t.Errorf("%s: status %+v", name, st)
			}
			server.publish(row.before)
			time.Sleep(2 * defaultFresh)
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
		a, b := jwkOf(newECKey(t), map[string]any{"kid": "a"}), jwkOf(newECKey(t), map[string]any{"kid": "b"})
		server, s := newSetServer(t, jwkSet(a, b), nil)
		leaked := maps.Clone(a)
		leaked["d"] = "AAAA"
		server.publish(jwkSet(leaked))
		time.Sleep(2 * defaultFresh)
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
		s.want("a")
		s.want("b")
		synctest.Wait()
		server.put("a", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if got := described(s.current()); got != "b=ES256" {
			t.Errorf("%q", got)
		}
	})
}
