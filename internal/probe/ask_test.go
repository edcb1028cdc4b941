package probe

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestAskIsAnew: what was being tried when somebody asks, before a reload, is not what he is told.
func TestAskIsAnew(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	var first sync.Once
	real := &prosody{host: "meet.example.com", offer: "<mechanism>ANONYMOUS</mechanism>", judge: func(token string) string {
		if token == "head.claims.signature" {
			return ""
		}
		return "Invalid signature"
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first.Do(func() { close(arrived); <-release })
		real.ServeHTTP(w, r)
	}))
	defer server.Close()
	before, _ := url.Parse(server.URL)
	after, _ := url.Parse("http://127.0.0.1:1")
	var reloaded atomic.Bool
	prober := New(slog.New(slog.DiscardHandler), nil, func() []Target {
		target := Target{Host: "meet.example.com", Upstream: before, Token: func() (string, error) { return "head.claims.signature", nil }}
		if reloaded.Load() {
			target.Upstream = after
		}
		return []Target{target}
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- prober.Run(ctx) }()
	<-arrived
	reloaded.Store(true)
	asked := make(chan []Finding)
	go func() { asked <- prober.Ask(10 * time.Second) }()
	for len(prober.wake) == 0 { // it waits
		time.Sleep(time.Millisecond)
	}
	close(release)
	if list := <-asked; len(list) != 1 || list[0].OK {
		t.Errorf("%+v", list)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
