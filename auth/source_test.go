package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"usher/metrics"
)

// A roundTripper answers fetches without a network.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int, cacheControl, body string) (*http.Response, error) {
	h := http.Header{}
	if cacheControl != "" {
		h.Set("Cache-Control", cacheControl)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func testOptions(t roundTripper) sourceOptions {
	o := sourceOptions{Log: slog.New(slog.DiscardHandler), Metrics: metrics.New("test"), Now: time.Now}
	if t != nil {
		o.Client = &http.Client{Transport: t, Timeout: fetchTimeout}
	}
	return o
}

func newECKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
}

// jwkOf writes a public key as a JWK, with more members.
func jwkOf(key *ecdsa.PrivateKey, more map[string]any) map[string]any {
	point := must(key.PublicKey.ECDH()).Bytes()
	e := base64.RawURLEncoding.EncodeToString
	jwk := map[string]any{"kty": "EC", "crv": "P-256", "x": e(point[1:33]), "y": e(point[33:])}
	for name, v := range more {
		jwk[name] = v
	}
	return jwk
}

func jwkSet(keys ...map[string]any) string {
	return string(must(json.Marshal(map[string]any{"keys": keys})))
}

// start runs a source until the test ends.
func start(t *testing.T, s *source) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

func TestJWKSRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := jwkSet(jwkOf(newECKey(t), map[string]any{"kid": "a"}))
		var fetches atomic.Int32
		var broken atomic.Bool
		s := newSource("id", sourceJWKS, "https://id.example.com/jwks", testOptions(func(*http.Request) (*http.Response, error) {
			fetches.Add(1)
			if broken.Load() {
				return answer(500, "", set)
			}
			return answer(200, "max-age=600", set)
		}))
		start(t, s)
		<-s.tried()
		synctest.Wait()
		first := s.current()
		if first == nil || len(first.keys) != 1 || fetches.Load() != 1 || s.problem() != "" {
			t.Fatalf("%v after %d fetches: %s", first, fetches.Load(), s.problem())
		}
		time.Sleep(700 * time.Second)
		synctest.Wait()
		if fetches.Load() != 2 || s.current() != first {
			t.Errorf("%d fetches after max-age; the same set must keep its pointer", fetches.Load())
		}
		broken.Store(true)
		time.Sleep(time.Hour)
		synctest.Wait()
		if s.current() != first || s.problem() == "" || fetches.Load() < 10 || fetches.Load() > 40 {
			t.Errorf("%d fetches in an hour of failures, problem %q", fetches.Load(), s.problem())
		}
	})
}

func TestJWKSUnknownKid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fetches atomic.Int32
		keyA, keyB := jwkOf(newECKey(t), map[string]any{"kid": "a"}), jwkOf(newECKey(t), map[string]any{"kid": "b"})
		s := newSource("id", sourceJWKS, "https://id.example.com/jwks", testOptions(func(*http.Request) (*http.Response, error) {
			if fetches.Add(1) == 1 {
				return answer(200, "", jwkSet(keyA))
			}
			return answer(200, "", jwkSet(keyA, keyB))
		}))
		start(t, s)
		<-s.tried()
		for range 290 { // 29 seconds of strangers
			s.want("made up")
			time.Sleep(100 * time.Millisecond)
		}
		synctest.Wait()
		if fetches.Load() != 1 {
			t.Errorf("%d fetches within 30 s", fetches.Load())
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if fetches.Load() != 2 || len(s.current().keys) != 2 {
			t.Errorf("%d fetches after 31 s", fetches.Load())
		}
	})
}

// TestJWKSHangs has a server that never answers: nothing waits for it but
// the source itself, and the last good keys stay.
func TestJWKSHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hang atomic.Bool
		s := newSource("id", sourceJWKS, "https://id.example.com/jwks", testOptions(func(r *http.Request) (*http.Response, error) {
			if hang.Load() {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return answer(200, "max-age=60", jwkSet(jwkOf(newECKey(t), nil)))
		}))
		start(t, s)
		<-s.tried()
		synctest.Wait()
		first := s.current()
		hang.Store(true)
		for range 600 {
			begin := time.Now()
			s.want("x")
			if s.current() != first || time.Since(begin) != 0 {
				t.Fatal("a login waited, or the keys are gone")
			}
			time.Sleep(time.Second)
		}
	})
}

func TestASAP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := newECKey(t)
		file := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(&key.PublicKey))}))
		digest := sha256.Sum256([]byte("app/key-1"))
		path := "/keys/" + hex.EncodeToString(digest[:]) + ".pem"
		var fetches atomic.Int32
		var gone atomic.Bool
		s := newSource("id", sourceASAP, "https://id.example.com/keys", testOptions(func(r *http.Request) (*http.Response, error) {
			fetches.Add(1)
			if r.URL.Path != path || gone.Load() {
				return answer(404, "", "")
			}
			return answer(200, "max-age=60", file)
		}))
		start(t, s)
		<-s.tried()
		s.want("app/key-1")
		synctest.Wait()
		if set := s.current(); len(set.keys) != 1 || set.keys[0].id != "app/key-1" {
			t.Fatalf("keys %v", set.keys)
		}
		for i := range 1000 { // strangers
			s.want(strings.Repeat("x", i%200))
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		if fetches.Load() > 1+asapBurst {
			t.Errorf("%d fetches in 10 s", fetches.Load())
		}
		gone.Store(true)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if set := s.current(); len(set.keys) != 0 {
			t.Error("a key that the server took back is still good")
		}
	})
}

// TestFetchRefuses asks real servers that misbehave.
func TestFetchRefuses(t *testing.T) {
	good := jwkSet(jwkOf(newECKey(t), nil))
	var served atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, good) }))
	defer elsewhere.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("/good", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, good) })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/good", http.StatusFound) })
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) })
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	mux.HandleFunc("/404", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404); io.WriteString(w, good) })
	mux.HandleFunc("/huge", func(w http.ResponseWriter, _ *http.Request) {
		for range 64 << 10 {
			n, err := w.Write(make([]byte, 1024))
			if served.Add(int64(n)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	server := httptest.NewServer(mux)
	defer server.Close()
	for path, ok := range map[string]bool{"/good": true, "/moved": true, "/away": false, "/loop": false, "/404": false, "/huge": false, "/hang": false} {
		_, _, err := fetch(t.Context(), newHTTPClient(true), server.URL+path)
		if (err == nil) != ok {
			t.Errorf("%s: %v", path, err)
		}
		if err != nil && strings.Contains(err.Error(), path) {
			t.Errorf("%s: the error shows the URL: %v", path, err)
		}
	}
	if n := served.Load(); n > 16<<20 {
		t.Errorf("%d bytes of 64 MiB were taken", n)
	}
}

func TestCheckAddress(t *testing.T) {
	for _, test := range []struct {
		address   string
		plain, ok bool
	}{
		{"127.0.0.1:80", true, true}, {"[::1]:80", true, true}, {"10.0.0.1:80", true, false}, {"10.0.0.1:443", false, true},
		{"169.254.169.254:443", false, false}, {"[::ffff:169.254.169.254]:443", false, false}, {"[fe80::1]:443", false, false},
		{"0.0.0.0:443", false, false}, {"224.0.0.1:443", false, false}, {"93.184.216.34:443", false, true},
	} {
		if err := checkAddress(test.address, test.plain); (err == nil) != test.ok {
			t.Errorf("%s, plain %v: %v", test.address, test.plain, err)
		}
	}
}

func TestCheckSourceURL(t *testing.T) {
	for text, ok := range map[string]bool{
		"https://id.example.com/jwks": true, "http://127.0.0.1:8080/jwks": true, "http://localhost/jwks": true, "http://[::1]/x": true,
		"http://id.example.com/jwks": false, "http://127.0.0.1.example.com/": false, "ftp://id.example.com/": false, "file:///etc/passwd": false,
		"https://user:pw@id.example.com/": false, "https://id.example.com/#x": false, "": false, "https:": false, "id.example.com": false,
	} {
		if err := CheckSourceURL(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestJWKSet(t *testing.T) {
	a, b := newECKey(t), newECKey(t)
	kid := map[string]any{"kid": "k"}
	tests := []struct {
		name, set string
		keys      int
		ok        bool
	}{
		{"two", jwkSet(jwkOf(a, kid), jwkOf(b, nil)), 2, true},
		{"unknown type beside", jwkSet(map[string]any{"kty": "XYZ"}, jwkOf(a, kid)), 1, true},
		{"for encryption beside", jwkSet(jwkOf(b, map[string]any{"use": "enc"}), jwkOf(a, kid)), 1, true},
		{"alg of another type", jwkSet(jwkOf(b, map[string]any{"alg": "RS256"}), jwkOf(a, kid)), 1, true},
		{"off the curve beside", jwkSet(jwkOf(b, map[string]any{"y": "AAAA"}), jwkOf(a, kid)), 1, true},
		{"one kid twice", jwkSet(jwkOf(a, kid), jwkOf(b, kid)), 0, false},
		{"a secret", jwkSet(jwkOf(a, kid), map[string]any{"kty": "oct", "k": "AAAA"}), 0, false},
		{"a private key", jwkSet(jwkOf(a, map[string]any{"d": "AAAA"})), 0, false},
		{"garbage", "<html>", 0, false},
		{"no keys", "{}", 0, false},
		{"a member twice", `{"keys":[],"keys":[]}`, 0, false},
	}
	for _, test := range tests {
		keys, _, err := parseJWKSet([]byte(test.set))
		if len(keys) != test.keys || (err == nil) != test.ok {
			t.Errorf("%s: %d keys, %v", test.name, len(keys), err)
		}
	}
}

func FuzzFreshness(f *testing.F) {
	for _, s := range []string{"", "max-age=600", "no-store", "max-age=-1", "max-age=99999999999999", `public, max-age="5"`, "MAX-AGE=120"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if d := freshness([]string{header}); d < minFresh || d > maxFresh {
			t.Errorf("%q: %v", header, d)
		}
	})
}

func FuzzJWKSet(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, _, err := parseJWKSet(text)
		if err != nil && keys != nil {
			t.Error("keys with an error")
		}
		for _, k := range keys {
			if k.Symmetric() || len(k.verify) == 0 {
				t.Errorf("key %v of a published set", k)
			}
		}
	})
}
