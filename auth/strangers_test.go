package auth

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"usher/auth/keys/keystest"

	"usher/auth/keys"
)

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
