package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usher/auth/keys"
	"usher/auth/keys/keystest"
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
	v.keys = keys.NewSources(keys.Options{Log: v.outcomes.log, Metrics: v.outcomes.metrics, Now: v.now, Transport: transport})
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

// A siege has strangers with invented kids at a key source, from 40 s before a
// user with a new key comes.
type siege struct {
	kind    keys.Kind
	rate    int // strangers' tokens a second
	repeats int // how often each invented kid is used
	retry   time.Duration
}

// stayedOut returns how long after the first try the user is let in, and how
// many fetches a second there were.
func (s siege) stayedOut(t *testing.T) (out time.Duration, fetches float64) {
	synctest.Test(t, func(t *testing.T) {
		key := newSigner()
		old := keystest.ECKey(t)
		var mu sync.Mutex
		published, fetched := false, 0
		server := keystest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			time.Sleep(50 * time.Millisecond) // the way there and back
			mu.Lock()
			defer mu.Unlock()
			fetched++
			switch {
			case s.kind == keys.ASAPURL && r.URL.Path == keystest.ASAPPath("app/new"):
				return keystest.Answer(200, "", keystest.PEM(&key.PublicKey))
			case s.kind == keys.ASAPURL:
				return keystest.Answer(404, "", "")
			case published:
				return keystest.Answer(200, "", keystest.JWKSet(keystest.JWK(old, map[string]any{"kid": "old"}), keystest.JWK(&key.PublicKey, map[string]any{"kid": "app/new"})))
			}
			return keystest.Answer(200, "", keystest.JWKSet(keystest.JWK(old, map[string]any{"kid": "old"})))
		})
		v := verifierWith(t, IssuerConfig{Keys: at(s.kind, "https://id.example.com/keys")}, server)
		var tasks sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		tasks.Go(func() { s.besiege(ctx, v) })
		time.Sleep(40 * time.Second)
		mu.Lock()
		published = true
		mu.Unlock()
		token := key.token(t, "app/new", nil)
		begin := time.Now()
		for time.Since(begin) < 10*time.Minute {
			_, err := v.Authenticate(t.Context(), Credentials{Token: token})
			if err == nil {
				break
			}
			if refusal := err.(*Refusal); !refusal.Reason.Undecided() {
				t.Errorf("%+v: refused for good: %v", s, refusal)
			}
			time.Sleep(s.retry)
		}
		out = time.Since(begin)
		mu.Lock()
		fetches = float64(fetched) / (out + 40*time.Second).Seconds()
		mu.Unlock()
		cancel()
		tasks.Wait()
	})
	return out, fetches
}

// besiege uses kids in turns, so that each is asked for again while it waits.
func (s siege) besiege(ctx context.Context, v *Verifier) {
	e := base64.RawURLEncoding.EncodeToString
	payload := e([]byte(`{"iss":"i","aud":"jitsi","sub":"h","exp":98753496345768}`)) + "." + e(make([]byte, 64))
	kids := make([]string, max(1, s.rate))
	for n := 0; s.rate > 0 && ctx.Err() == nil; n++ {
		i := n % len(kids)
		if round := n / len(kids); round%max(1, s.repeats) == 0 {
			kids[i] = rand.Text()
		}
		token := e(fmt.Appendf(nil, `{"alg":"ES256","kid":"app/%s"}`, kids[i])) + "." + payload
		_, _ = v.Authenticate(ctx, Credentials{Token: token})
		time.Sleep(time.Second / time.Duration(s.rate))
	}
}

// TestStrangers: invented kids keep nobody out for long, however many come a
// second.
func TestStrangers(t *testing.T) {
	for _, row := range []struct {
		siege
		most time.Duration
	}{
		{siege{keys.ASAPURL, 0, 1, time.Second}, time.Second},
		{siege{keys.ASAPURL, 10, 1, time.Second}, 3 * time.Second},
		{siege{keys.ASAPURL, 100, 1, time.Second}, 5 * time.Second},
		{siege{keys.ASAPURL, 1000, 1, time.Second}, 5 * time.Second},
		{siege{keys.ASAPURL, 1000, 1, 10 * time.Second}, 40 * time.Second},
		{siege{keys.ASAPURL, 1000, 2, 2 * time.Second}, 30 * time.Second},
		{siege{keys.ASAPURL, 1000, 4, 2 * time.Second}, 30 * time.Second},
		{siege{keys.ASAPURL, 1000, 32, 2 * time.Second}, 30 * time.Second},
		{siege{keys.JWKSURL, 0, 1, time.Second}, time.Second},
		{siege{keys.JWKSURL, 1000, 1, time.Second}, fetchPause + 2*time.Second},
	} {
		out, fetches := row.stayedOut(t)
		t.Logf("%s, %4d tokens a second with each kid %d times, a try every %v: out for %v, %.1f fetches a second",
			row.kind, row.rate, row.repeats, row.retry, out, fetches)
		if out > row.most {
			t.Errorf("more than %v", row.most)
		}
	}
}
