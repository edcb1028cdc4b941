package auth

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
)

const testSetURL = "https://id.example.com/hidden/jwks?token=hush"

func TestJWKSRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set, fetches := jwkSet(jwkOf(newECKey(t), nil)), atomic.Int32{}
		s := newSource(sourceID{issuer: "id", kind: sourceJWKS, url: testSetURL}, testOptions(roundTripper(func(*http.Request) (*http.Response, error) {
			fetches.Add(1)
			return answer(200, "max-age=600", set)
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
		s := newSource(sourceID{issuer: "id", kind: sourceJWKS, url: testSetURL}, testOptions(roundTripper(func(*http.Request) (*http.Response, error) {
			mu.Lock()
			times = append(times, time.Since(begin))
			mu.Unlock()
			if broken.Load() {
				return nil, errors.New("no way to " + testSetURL)
			}
			return answer(200, "max-age=60", jwkSet(jwkOf(newECKey(t), nil)))
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

// setServer publishes a set that can be replaced.
type setServer struct {
	body    atomic.Pointer[string]
	fetches atomic.Int32
	hangs   atomic.Bool
}

func (p *setServer) publish(set string) { p.body.Store(&set) }

func (p *setServer) RoundTrip(r *http.Request) (*http.Response, error) {
	p.fetches.Add(1)
	if p.hangs.Load() {
		return hang(r)
	}
	return answer(200, "", *p.body.Load())
}

func newSetServer(t *testing.T, set string, log *bytes.Buffer) (*setServer, *source) {
	p := &setServer{}
	p.publish(set)
	s := newSource(sourceID{issuer: "id", kind: sourceJWKS, url: testSetURL}, testOptions(p, log))
	start(t, s)
	<-s.tried()
	return p, s
}

func TestJWKSUnknownKid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := jwkOf(newECKey(t), map[string]any{"kid": "a"}), jwkOf(newECKey(t), map[string]any{"kid": "b"})
		server, s := newSetServer(t, jwkSet(a), nil)
		server.publish(jwkSet(a, b))
		if l := s.want("b"); !l.pending || l.trouble {
			t.Errorf("a new kid: %+v", l)
		}
		synctest.Wait()
		if server.fetches.Load() != 2 || len(s.current().keys) != 2 {
			t.Errorf("%d fetches for the first unknown kid", server.fetches.Load())
		}
		for i := range 600 { // a minute of strangers
			s.want(fmt.Sprint("made up ", i))
			time.Sleep(100 * time.Millisecond)
		}
		synctest.Wait()
		if n := server.fetches.Load(); n > 1+jwksBurst+2 {
			t.Errorf("%d fetches in a minute", n)
		}
	})
}

// TestJWKSNo: a kid that the set was asked for in vain is refused for a while,
// and then asked for again; it is pending as soon as it may have come.
func TestJWKSNo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := jwkOf(newECKey(t), map[string]any{"kid": "a"})
		server, s := newSetServer(t, jwkSet(a, map[string]any{"kty": "EC", "crv": "P-256K", "kid": "odd"}), nil)
		for _, kid := range []string{"gone", "odd", ""} {
			if l := s.want(kid); !l.pending {
				t.Errorf("%q at first: %+v", kid, l)
			}
			synctest.Wait()
			before := server.fetches.Load()
			l := s.want(kid)
			synctest.Wait()
			if l.pending || server.fetches.Load() != before {
				t.Errorf("%q then: %+v", kid, l)
			}
			if want := `key 2 (kid "odd"): its curve is "P-256K"`; kid == "odd" && !strings.Contains(l.detail, want) {
				t.Errorf("%q, want %q", l.detail, want)
			}
		}
		time.Sleep(missingFor)
		if l := s.want("gone"); !l.pending {
			t.Errorf("half a minute later: %+v", l)
		}
		synctest.Wait()
		server.hangs.Store(true)
		time.Sleep(jwksPause)
		s.want("new")
		time.Sleep(fetchTimeout + time.Second)
		if l := s.want("new"); !l.pending || !l.trouble || !strings.Contains(l.detail, "no complete answer") {
			t.Errorf("while the server hangs: %+v", l)
		}
	})
}

// TestJWKSSameKeys: a server that lists the same keys in another order each time
// is logged once, and verdicts keep their keys.
func TestJWKSSameKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, odd := jwkOf(newECKey(t), map[string]any{"kid": "a"}), jwkOf(newECKey(t), map[string]any{"kid": "b"}), map[string]any{"kty": "XYZ"}
		var log bytes.Buffer
		server, s := newSetServer(t, jwkSet(odd, a, b), &log)
		before := s.current().keys[0]
		server.publish(jwkSet(odd, b, a))
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if s.current().keys[1] != before || strings.Count(log.String(), "keys fetched") != 1 || strings.Count(log.String(), "keys left out") != 1 {
			t.Errorf("log %s", log.String())
		}
		server.publish(jwkSet(b, a, odd, odd))
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if strings.Count(log.String(), "keys left out") != 2 {
			t.Errorf("another thing is left out: log %s", log.String())
		}
	})
}

// TestWantNeverWaits has servers that never answer.
func TestWantNeverWaits(t *testing.T) {
	for _, kind := range []sourceKind{sourceJWKS, sourceASAP} {
		synctest.Test(t, func(t *testing.T) {
			s := newSource(sourceID{issuer: "id", kind: kind, url: testSetURL}, testOptions(roundTripper(hang), nil))
			start(t, s)
			for range 600 {
				begin := time.Now()
				s.want("x")
				s.current()
				s.problem()
				if time.Since(begin) != 0 {
					t.Fatal("a login waited")
				}
				time.Sleep(100 * time.Millisecond)
			}
			if kind == sourceJWKS && !strings.Contains(s.problem(), "within 3s") {
				t.Error(s.problem())
			}
		})
	}
}

func TestSourcePanic(t *testing.T) {
	for _, kind := range []sourceKind{sourceJWKS, sourceASAP} {
		synctest.Test(t, func(t *testing.T) {
			var fetches atomic.Int32
			var log bytes.Buffer
			s := newSource(sourceID{issuer: "id", kind: kind, url: testSetURL}, testOptions(roundTripper(func(*http.Request) (*http.Response, error) {
				fetches.Add(1)
				panic("hush")
			}), &log))
			start(t, s)
			s.want("x")
			<-s.tried()
			time.Sleep(time.Minute)
			s.want("x")
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
		s := newSource(sourceID{issuer: "id", kind: sourceJWKS, url: testSetURL}, testOptions(roundTripper(hang), nil))
		ctx, end := context.WithCancel(t.Context())
		go s.run(ctx)
		synctest.Wait()
		end()
		<-s.tried()
	})
}

func TestJWKSets(t *testing.T) {
	a, b := newECKey(t), newECKey(t)
	r := &must(rsa.GenerateKey(rand.Reader, 2048)).PublicKey
	ed, _, _ := ed25519.GenerateKey(rand.Reader)
	kid := map[string]any{"kid": "k"}
	for _, test := range []struct {
		name, set string
		keys      int // 0: refused
	}{
		{"all types", jwkSet(jwkOf(a, kid), jwkOf(r, nil), jwkOf(ed, nil)), 3},
		{"unknown type beside", jwkSet(map[string]any{"kty": "XYZ"}, jwkOf(a, kid)), 1},
		{"only an unknown type", jwkSet(map[string]any{"kty": "XYZ"}), 0},
		{"no key", jwkSet(), 0},
		{"one kid twice", jwkSet(jwkOf(a, kid), jwkOf(b, kid)), 0},
		{"a secret beside", jwkSet(jwkOf(a, kid), map[string]any{"kty": "oct", "k": "AAAA"}), 1},
		{"a private key", jwkSet(jwkOf(a, map[string]any{"d": "AAAA"})), 0},
		{"garbage", "<html>", 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			body := atomic.Pointer[string]{}
			body.Store(&test.set)
			s := newSource(sourceID{issuer: "id", kind: sourceJWKS, url: testSetURL}, testOptions(roundTripper(func(*http.Request) (*http.Response, error) {
				return answer(200, "max-age=60", *body.Load())
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
