package keys

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"usher/auth/keys/fetch"
	"usher/auth/keys/keystest"
)

func TestJWKSRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set, fetches := keystest.JWKSet(keystest.JWK(keystest.ECKey(t), nil)), atomic.Int32{}
		s := newSource(sourceAt(JWKSURL, testSetURL), testOptions(keystest.RoundTripper(func(*http.Request) (*http.Response, error) {
			fetches.Add(1)
			return keystest.Answer(200, "max-age=600", set)
		}), nil))
		if s.problem() != "never fetched" || s.current() != nil {
			t.Errorf("before the start: %q", s.problem())
		}
		start(t, s)
		<-s.tried()
		first := s.current()
		if first == nil || len(first.keys) != 1 || s.problem() != "" || s.lastSuccess().IsZero() {
			t.Fatalf("%v, %q", first, s.problem())
		}
		time.Sleep(530 * time.Second)
		synctest.Wait()
		if fetches.Load() != 1 {
			t.Errorf("%d fetches before max-age", fetches.Load())
		}
		time.Sleep(140 * time.Second)
		synctest.Wait()
		if fetches.Load() != 2 || s.current() != first {
			t.Errorf("%d fetches after max-age; the same set keeps its pointer: %v", fetches.Load(), s.current() == first)
		}
	})
}

func TestJWKSFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var times []time.Duration
		begin := time.Now()
		var broken atomic.Bool
		var log bytes.Buffer
		s := newSource(sourceAt(JWKSURL, testSetURL), testOptions(keystest.RoundTripper(func(*http.Request) (*http.Response, error) {
			mu.Lock()
			times = append(times, time.Since(begin))
			mu.Unlock()
			if broken.Load() {
				return nil, errors.New("no way to " + testSetURL)
			}
			return keystest.Answer(200, "max-age=60", keystest.JWKSet(keystest.JWK(keystest.ECKey(t), nil)))
		}), &log))
		broken.Store(true)
		start(t, s)
		<-s.tried()
		if s.current() != nil || !strings.HasPrefix(s.problem(), "never fetched: ") || strings.Contains(s.problem(), "hush") {
			t.Errorf("problem %q", s.problem())
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		mu.Lock()
		for i, want := range []int{5, 10, 20, 40, 80, 160, 300, 300} {
			base := time.Duration(want) * time.Second
			if wait := times[i+1] - times[i]; wait < base*9/10-1 || wait > base*11/10+1 {
				t.Errorf("failure %d: next after %v, not about %v", i, wait, base)
			}
		}
		mu.Unlock()
		broken.Store(false)
		time.Sleep(6 * time.Minute)
		synctest.Wait()
		good := s.current()
		broken.Store(true)
		time.Sleep(70 * time.Second)
		synctest.Wait()
		kept := s.current()
		time.Sleep(time.Hour)
		synctest.Wait()
		if good == nil || s.current() != kept || s.problem() != "" {
			t.Error("the old keys are gone")
		}
		if strings.Contains(log.String(), "hush") || strings.Contains(log.String(), "hidden") {
			t.Error("the log shows the URL")
		}
	})
}

func newSetServer(t *testing.T, set string, log *bytes.Buffer) (*keystest.SetServer, *source) {
	p := &keystest.SetServer{}
	p.Publish(set)
	s := newSource(sourceAt(JWKSURL, testSetURL), testOptions(p, log))
	start(t, s)
	<-s.tried()
	return p, s
}

func TestJWKSUnknownKid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := keystest.JWK(keystest.ECKey(t), map[string]any{"kid": "a"}), keystest.JWK(keystest.ECKey(t), map[string]any{"kid": "b"})
		server, s := newSetServer(t, keystest.JWKSet(a), nil)
		server.Publish(keystest.JWKSet(a, b))
		if l := s.request("b"); !l.Pending || l.Trouble {
			t.Errorf("a new kid: %+v", l)
		}
		synctest.Wait()
		if server.Fetches.Load() != 2 || len(s.current().keys) != 2 {
			t.Errorf("%d fetches for the first unknown kid", server.Fetches.Load())
		}
		for i := range 600 { // a minute of strangers
			s.request(fmt.Sprint("made up ", i))
			time.Sleep(100 * time.Millisecond)
		}
		synctest.Wait()
		if n := server.Fetches.Load(); n > 1+jwksBurst+2 {
			t.Errorf("%d fetches in a minute", n)
		}
	})
}

// TestJWKSNo: a kid that the set was asked for in vain is refused for a while,
// and then asked for again; it is pending as soon as it may have come.
func TestJWKSNo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := keystest.JWK(keystest.ECKey(t), map[string]any{"kid": "a"})
		server, s := newSetServer(t, keystest.JWKSet(a, map[string]any{"kty": "EC", "crv": "P-256K", "kid": "odd"}), nil)
		for _, kid := range []string{"gone", "odd", ""} {
			if l := s.request(kid); !l.Pending {
				t.Errorf("%q at first: %+v", kid, l)
			}
			synctest.Wait()
			before := server.Fetches.Load()
			l := s.request(kid)
			synctest.Wait()
			if l.Pending || server.Fetches.Load() != before {
				t.Errorf("%q then: %+v", kid, l)
			}
			if want := `key 2 (kid "odd"): its curve is "P-256K"`; kid == "odd" && !strings.Contains(l.Detail, want) {
				t.Errorf("%q, want %q", l.Detail, want)
			}
		}
		time.Sleep(missingFor)
		if l := s.request("gone"); !l.Pending {
			t.Errorf("half a minute later: %+v", l)
		}
		synctest.Wait()
		server.Hangs.Store(true)
		time.Sleep(jwksPause)
		s.request("new")
		time.Sleep(fetch.Timeout + time.Second)
		if l := s.request("new"); !l.Pending || !l.Trouble || !strings.Contains(l.Detail, "no complete answer") {
			t.Errorf("while the server hangs: %+v", l)
		}
	})
}

// TestJWKSSameKeys: a server that lists the same keys in another order each time
// is logged once, and verdicts keep their keys.
func TestJWKSSameKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, odd := keystest.JWK(keystest.ECKey(t), map[string]any{"kid": "a"}), keystest.JWK(keystest.ECKey(t), map[string]any{"kid": "b"}), map[string]any{"kty": "XYZ"}
		var log bytes.Buffer
		server, s := newSetServer(t, keystest.JWKSet(odd, a, b), &log)
		before := s.current().keys[0]
		server.Publish(keystest.JWKSet(odd, b, a))
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if s.current().keys[1] != before || strings.Count(log.String(), "keys fetched") != 1 || strings.Count(log.String(), "keys left out") != 1 {
			t.Errorf("log %s", log.String())
		}
		server.Publish(keystest.JWKSet(b, a, odd, odd))
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if strings.Count(log.String(), "keys left out") != 2 {
			t.Errorf("another thing is left out: log %s", log.String())
		}
	})
}

// TestWantNeverWaits has servers that never answer.
func TestWantNeverWaits(t *testing.T) {
	for _, kind := range []Kind{JWKSURL, ASAPURL} {
		synctest.Test(t, func(t *testing.T) {
			s := newSource(sourceAt(kind, testSetURL), testOptions(keystest.RoundTripper(keystest.Hang), nil))
			start(t, s)
			for range 600 {
				begin := time.Now()
				s.request("x")
				s.current()
				s.problem()
				if time.Since(begin) != 0 {
					t.Fatal("a login waited")
				}
				time.Sleep(100 * time.Millisecond)
			}
			if kind == JWKSURL && !strings.Contains(s.problem(), "within 3s") {
				t.Error(s.problem())
			}
		})
	}
}

func TestSourcePanic(t *testing.T) {
	for _, kind := range []Kind{JWKSURL, ASAPURL} {
		synctest.Test(t, func(t *testing.T) {
			var fetches atomic.Int32
			var log bytes.Buffer
			s := newSource(sourceAt(kind, testSetURL), testOptions(keystest.RoundTripper(func(*http.Request) (*http.Response, error) {
				fetches.Add(1)
				panic("hush")
			}), &log))
			start(t, s)
			s.request("x")
			<-s.tried()
			time.Sleep(time.Minute)
			s.request("x")
			synctest.Wait()
			if fetches.Load() < 2 || !strings.Contains(log.String(), "panic") || strings.Contains(log.String(), "hush") {
				t.Errorf("%s: %d fetches, log %s", kind, fetches.Load(), log.String())
			}
		})
	}
}

// TestTriedWhenEnded has a source that a reload takes away before its first
// answer.
func TestTriedWhenEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSource(sourceAt(JWKSURL, testSetURL), testOptions(keystest.RoundTripper(keystest.Hang), nil))
		ctx, end := context.WithCancel(t.Context())
		go s.run(ctx)
		synctest.Wait()
		end()
		<-s.tried()
	})
}

func TestJWKSets(t *testing.T) {
	a, b := keystest.ECKey(t), keystest.ECKey(t)
	r := &must(rsa.GenerateKey(rand.Reader, 2048)).PublicKey
	ed, _, _ := ed25519.GenerateKey(rand.Reader)
	kid := map[string]any{"kid": "k"}
	for _, test := range []struct {
		name, set string
		keys      int // 0: refused
	}{
		{"all types", keystest.JWKSet(keystest.JWK(a, kid), keystest.JWK(r, nil), keystest.JWK(ed, nil)), 3},
		{"unknown type beside", keystest.JWKSet(map[string]any{"kty": "XYZ"}, keystest.JWK(a, kid)), 1},
		{"only an unknown type", keystest.JWKSet(map[string]any{"kty": "XYZ"}), 0},
		{"no key", keystest.JWKSet(), 0},
		{"one kid twice", keystest.JWKSet(keystest.JWK(a, kid), keystest.JWK(b, kid)), 0},
		{"a secret beside", keystest.JWKSet(keystest.JWK(a, kid), map[string]any{"kty": "oct", "k": "AAAA"}), 1},
		{"a private key", keystest.JWKSet(keystest.JWK(a, map[string]any{"d": "AAAA"})), 0},
		{"garbage", "<html>", 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			body := atomic.Pointer[string]{}
			body.Store(&test.set)
			s := newSource(sourceAt(JWKSURL, testSetURL), testOptions(keystest.RoundTripper(func(*http.Request) (*http.Response, error) {
				return keystest.Answer(200, "max-age=60", *body.Load())
			}), &log))
			start(t, s)
			<-s.tried()
			keys := 0
			if set := s.current(); set != nil {
				keys = len(set.keys)
			}
			if p := s.problem(); keys != test.keys || (p == "") != (test.keys > 0) || p != "" && !strings.HasPrefix(p, "fetched, and refused: ") {
				t.Errorf("%s: %d keys, problem %q", test.name, keys, p)
			}
			time.Sleep(10 * time.Minute)
			synctest.Wait()
			if n := strings.Count(log.String(), "keys left out"); n > 1 || (n == 1) != strings.HasSuffix(test.name, "beside") {
				t.Errorf("%s: left out %d times", test.name, n)
			}
		})
	}
}
