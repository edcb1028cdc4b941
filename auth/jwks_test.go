package auth

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"errors"
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
		s := newSource("id", sourceJWKS, testSetURL, testOptions(roundTripper(func(*http.Request) (*http.Response, error) {
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
		s := newSource("id", sourceJWKS, testSetURL, testOptions(roundTripper(func(*http.Request) (*http.Response, error) {
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

func TestJWKSUnknownKid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fetches atomic.Int32
		a, b := jwkOf(newECKey(t), map[string]any{"kid": "a"}), jwkOf(newECKey(t), map[string]any{"kid": "b"})
		s := newSource("id", sourceJWKS, testSetURL, testOptions(roundTripper(func(*http.Request) (*http.Response, error) {
			if fetches.Add(1) == 1 {
				return answer(200, "", jwkSet(a))
			}
			return answer(200, "", jwkSet(a, b))
		}), nil))
		start(t, s)
		<-s.tried()
		s.want("b")
		synctest.Wait()
		if fetches.Load() != 2 || len(s.current().keys) != 2 {
			t.Errorf("%d fetches for the first unknown kid", fetches.Load())
		}
		for range 599 { // a minute of strangers
			s.want("made up")
			time.Sleep(100 * time.Millisecond)
		}
		synctest.Wait()
		if fetches.Load() != 3 {
			t.Errorf("%d fetches in a minute", fetches.Load())
		}
	})
}

// TestWantNeverWaits has servers that never answer.
func TestWantNeverWaits(t *testing.T) {
	for _, kind := range []sourceKind{sourceJWKS, sourceASAP} {
		synctest.Test(t, func(t *testing.T) {
			s := newSource("id", kind, testSetURL, testOptions(roundTripper(hang), nil))
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
			s := newSource("id", kind, testSetURL, testOptions(roundTripper(func(*http.Request) (*http.Response, error) {
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
		s := newSource("id", sourceJWKS, testSetURL, testOptions(roundTripper(hang), nil))
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
		{"a secret", jwkSet(jwkOf(a, kid), map[string]any{"kty": "oct", "k": "AAAA"}), 0},
		{"a private key", jwkSet(jwkOf(a, map[string]any{"d": "AAAA"})), 0},
		{"garbage", "<html>", 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			body := atomic.Pointer[string]{}
			body.Store(&test.set)
			s := newSource("id", sourceJWKS, testSetURL, testOptions(roundTripper(func(*http.Request) (*http.Response, error) {
				return answer(200, "max-age=60", *body.Load())
			}), &log))
			start(t, s)
			<-s.tried()
			keys := 0
			if set := s.current(); set != nil {
				keys = len(set.keys)
			}
			if keys != test.keys || (s.problem() == "") != (test.keys > 0) {
				t.Errorf("%s: %d keys, problem %q", test.name, keys, s.problem())
			}
			time.Sleep(10 * time.Minute)
			synctest.Wait()
			if n := strings.Count(log.String(), "keys left out"); n > 1 || (n == 1) != (test.name == "unknown type beside") {
				t.Errorf("%s: left out %d times", test.name, n)
			}
		})
	}
}
