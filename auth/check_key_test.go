package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"usher/auth/keys/keystest"

	"usher/auth/keys"
)

// What package keys waits for: a set is asked for once in so long because of kids
// that it does not have, and that it has one not counts for so long.
const fetchPause, noCounts = 30 * time.Second, 30 * time.Second

const testSetURL = "https://id.example.com/hidden/jwks?token=hush"

// A signer makes ES256 tokens of the issuer "i" for the host "h".
type signer struct{ *ecdsa.PrivateKey }

func newSigner() signer { return signer{must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))} }

func (s signer) token(t *testing.T, kid string, more map[string]any) string {
	t.Helper()
	der := must(x509.MarshalPKCS8PrivateKey(s.PrivateKey))
	key := must(keys.ParseSigningKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), "ES256"))
	claims := map[string]any{"iss": "i", "aud": "jitsi", "sub": "h", "exp": 98753496345768}
	maps.Copy(claims, more)
	return must(keys.Mint(key, kid, claims))
}

// at says that keys come from one server.
func at(kind keys.Kind, url string) keys.Config {
	return keys.Config{Locations: []keys.Location{{Kind: kind, URL: url}}}
}

// verifierWith runs a Verifier of one host and one issuer, with this transport.
func verifierWith(t *testing.T, issuer IssuerConfig, transport http.RoundTripper) *Verifier {
	v := must(New(Config{}, Options{}))
	v.keys = keys.NewSources(keys.Options{Log: v.log, Metrics: v.metrics, Now: v.now, Transport: transport})
	issuer.Algorithms, issuer.Audience, issuer.RequireExp = []string{"ES256"}, []string{"jitsi"}, true
	if err := v.Reload(Config{Hosts: map[string]HostConfig{"h": {Issuers: map[string]IssuerConfig{"i": issuer}}}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var task sync.WaitGroup
	task.Go(func() { _ = v.Run(ctx) })
	t.Cleanup(func() { cancel(); task.Wait() })
	synctest.Wait()
	return v
}

// reasonFor returns why a token is refused, or nothing.
func reasonFor(t *testing.T, v *Verifier, token string) (Reason, string) {
	_, err := v.Authenticate(t.Context(), Credentials{Token: token})
	synctest.Wait() // what it started
	if err == nil {
		return "", ""
	}
	return err.(*Refusal).Reason, err.(*Refusal).Detail
}

// TestUndecidedKeys: a token whose key may be on its way is told to come again,
// and is let in at the next try. It is refused once the server was asked.
func TestUndecidedKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second, never := newSigner(), newSigner(), newSigner()
		server := &keystest.SetServer{}
		server.Publish(keystest.JWKSet(keystest.JWK(&first.PublicKey, map[string]any{"kid": "1"})))
		v := verifierWith(t, IssuerConfig{Keys: at(keys.JWKSURL, testSetURL)}, server)
		server.Publish(keystest.JWKSet(keystest.JWK(&second.PublicKey, map[string]any{"kid": "2"})))
		for i, want := range []Reason{ReasonKeysUnavailable, ""} {
			if got, why := reasonFor(t, v, second.token(t, "2", nil)); got != want {
				t.Errorf("after a rotation, try %d: %s: %s", i+1, got, why)
			}
		}
		for i, want := range []Reason{ReasonKeysUnavailable, ReasonUnknownKey, ReasonUnknownKey} {
			if got, why := reasonFor(t, v, never.token(t, "3", nil)); got != want {
				t.Errorf("a kid that is not there, try %d: %s: %s", i+1, got, why)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) { // keys without a kid
		first, second := newSigner(), newSigner()
		server := &keystest.SetServer{}
		server.Publish(keystest.JWKSet(keystest.JWK(&first.PublicKey, nil)))
		v := verifierWith(t, IssuerConfig{Keys: at(keys.JWKSURL, testSetURL)}, server)
		server.Publish(keystest.JWKSet(keystest.JWK(&second.PublicKey, nil)))
		for _, kid := range []string{"", "a name of the application"} {
			if got, _ := reasonFor(t, v, second.token(t, kid, nil)); got != ReasonKeysUnavailable && got != "" {
				t.Errorf("after a rotation: %s", got)
			}
			if got, why := reasonFor(t, v, second.token(t, kid, nil)); got != "" {
				t.Errorf("then: %s: %s", got, why)
			}
		}
		time.Sleep(noCounts)
		for i, want := range []Reason{ReasonKeysUnavailable, ReasonBadSignature, ReasonBadSignature} {
			if got, why := reasonFor(t, v, first.token(t, "", nil)); got != want {
				t.Errorf("the old key, try %d: %s: %s", i+1, got, why)
			}
		}
	})
}

// TestASAPFirstLogin: so it is with a key server that has a file for each kid.
func TestASAPFirstLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := newSigner()
		server := &keystest.KeyServer{}
		server.Put("k", keystest.PEM(&key.PublicKey))
		v := verifierWith(t, IssuerConfig{Keys: at(keys.ASAPURL, "https://id.example.com/keys")}, server)
		for i, want := range []Reason{ReasonKeysUnavailable, "", ""} {
			if got, why := reasonFor(t, v, key.token(t, "k", nil)); got != want {
				t.Errorf("try %d: %s: %s", i+1, got, why)
			}
		}
		if got, _ := reasonFor(t, v, newSigner().token(t, "k", nil)); got != ReasonBadSignature {
			t.Errorf("another's signature: %s", got)
		}
		for _, want := range []Reason{ReasonKeysUnavailable, ReasonUnknownKey} {
			if got, why := reasonFor(t, v, key.token(t, "invented", nil)); got != want {
				t.Errorf("an invented kid: %s: %s", got, why)
			}
		}
		if got, why := reasonFor(t, v, newSigner().token(t, "", nil)); got != ReasonBadSignature || !strings.Contains(why, "the token names none") {
			t.Errorf("no kid: %s: %s", got, why)
		}
		server.Status.Store(503)
		for range 2 {
			if got, why := reasonFor(t, v, key.token(t, "in trouble", nil)); got != ReasonKeysUnavailable {
				t.Errorf("a server in trouble: %s: %s", got, why)
			}
		}
	})
}

// TestCheapChecksFirst: no token that is refused anyway makes usher fetch.
func TestCheapChecksFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &keystest.KeyServer{}
		v := verifierWith(t, IssuerConfig{Keys: at(keys.ASAPURL, "https://id.example.com/keys")}, server)
		for i, more := range []map[string]any{{"exp": 1}, {"exp": "x"}, {"nbf": 98753496345768}, {"aud": "else"}, {"sub": 7}} {
			if got, why := reasonFor(t, v, newSigner().token(t, fmt.Sprint("k", i), more)); got != ReasonUnknownKey || !strings.Contains(why, "it is not asked for") {
				t.Errorf("%v: %s: %s", more, got, why)
			}
		}
		time.Sleep(time.Second)
		if n := server.Fetches.Load(); n != 0 {
			t.Errorf("%d fetches", n)
		}
	})
}

// TestKidBeforeKeysWithout: keys without a kid do not take the places of the
// one that a token names.
func TestKidBeforeKeysWithout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := newSigner()
		server := &keystest.SetServer{}
		server.Publish(keystest.JWKSet(keystest.JWK(&key.PublicKey, map[string]any{"kid": "k"})))
		issuer := IssuerConfig{Keys: at(keys.JWKSURL, testSetURL)}
		for range keys.MaxTried + 1 {
			issuer.Keys.Files = append(issuer.Keys.Files, must(keys.ParsePublicKeys([]byte(keystest.PEM(keystest.ECKey(t))), "file"))...)
		}
		v := verifierWith(t, issuer, server)
		if got, why := reasonFor(t, v, key.token(t, "k", nil)); got != "" {
			t.Errorf("%s: %s", got, why)
		}
		if _, why := reasonFor(t, v, newSigner().token(t, "", nil)); !strings.Contains(why, "2 more were not tried") {
			t.Errorf("without a kid: %s", why)
		}
	})
}
