package signin_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/auth/signin/oidc"
	"usher/auth/signin/signintest"
)

// TestSlowProvider: ten codes are exchanged at once; who waits longer than five seconds reads so, and nobody else waits.
func TestSlowProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	var now, most atomic.Int32
	release := make(chan struct{})
	w.provider.Change(func(h *signintest.Habits) {
		h.Token = func(answer http.ResponseWriter, r *http.Request) {
			defer now.Add(-1) // before the answer leaves
			for n := now.Add(1); ; {
				if m := most.Load(); n <= m || most.CompareAndSwap(m, n) {
					break
				}
			}
			select {
			case <-release:
			case <-r.Context().Done():
			}
			http.Error(answer, `{"error":"invalid_grant"}`, http.StatusBadRequest)
		}
	})
	// These exchanges end with an answer: that one was given up, the provider may see after the next has come.
	var all sync.WaitGroup
	w.together(&all, 14, func(status int) bool { return status != http.StatusServiceUnavailable })
	w.await(func() bool { return most.Load() == 10 })
	if a := w.get("/login/logout"); a.status != http.StatusOK {
		t.Errorf("beside it: %d", a.status)
	}
	close(release)
	all.Wait()
	if most.Load() != 10 {
		t.Errorf("%d at once", most.Load())
	}
	w.from = netip.MustParsePrefix("192.0.2.2/32")
	w.provider.Change(func(h *signintest.Habits) {
		h.Token = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	})
	start := time.Now()
	w.together(&all, 14, func(status int) bool { return status == http.StatusServiceUnavailable })
	all.Wait()
	if took := time.Since(start); took < oidc.ExchangeWithin || took > 2*oidc.ExchangeWithin {
		t.Errorf("it is said after %v", took)
	}
}

// together has people sign in at the same time, each in a browser of its own.
func (w *world) together(all *sync.WaitGroup, people int, as func(status int) bool) {
	for i := range people {
		all.Go(func() {
			resp, err := (&http.Client{Jar: newJar(w.t)}).Get(fmt.Sprint(w.http.URL, "/login?room=a", i))
			if err != nil {
				w.t.Error(err)
				return
			}
			defer resp.Body.Close()
			if !as(resp.StatusCode) {
				w.t.Errorf("%d", resp.StatusCode)
			}
		})
	}
}
