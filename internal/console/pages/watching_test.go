package pages

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usher/internal/admin"
	"usher/internal/console/layout"
)

// TestWatching: a page that is open is told of what it shows, and nobody asks while none is.
func TestWatching(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(full(1))
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = s.pages.Run(ctx) })
		time.Sleep(time.Hour)
		if asked := s.api.questions(); len(asked) > 0 {
			t.Errorf("nobody looks, and the API was asked %v", asked)
		}
		var mu sync.Mutex
		told := map[string]int{}
		tell := func(path string) error {
			mu.Lock()
			defer mu.Unlock()
			told[path]++
			return nil
		}
		for _, topic := range s.pages.topics {
			running.Go(func() {
				_ = topic.Send(ctx, func(string, string) error { return tell(topic.path) })
			})
		}
		step := func(what string, want map[string]int, do func()) {
			t.Helper()
			time.Sleep(time.Minute)
			mu.Lock()
			clear(told)
			mu.Unlock()
			do()
			time.Sleep(10 * time.Second)
			mu.Lock()
			defer mu.Unlock()
			for path, n := range want {
				if min(told[path], 1) != n { // a change may be told twice
					t.Errorf("%s: %s was told %d times", what, path, told[path])
				}
			}
		}
		none := map[string]int{"/events/overview": 0, "/events/waiting": 0, "/events/audit": 0, "/events/refusals": 0}
		with := func(path string) map[string]int {
			want := map[string]int{path: 1}
			for other := range none {
				if other != path {
					want[other] = 0
				}
			}
			return want
		}
		step("nothing", none, func() {})
		step("a knock", with("/events/waiting"), func() { s.api.set("GET /lobby/knocks/version", 2) })
		step("a change", with("/events/audit"), func() { s.api.set("GET /audit", []admin.Change{{Command: "reload"}}) })
		step("a refusal", with("/events/refusals"), func() { s.api.tell <- admin.Decision{} })
		status := statusOf(time.Now())
		status.Ready = true
		step("a status", with("/events/overview"), func() { s.api.set("GET /status", status) })
		status.Connections = map[string]admin.Counts{"http": {Open: 7}}
		step("connections", none, func() { s.api.set("GET /status", status) })
		s.api.fail(errors.New("away"))
		step("an API that is away", none, func() {})
		for _, q := range s.api.questions() {
			if !strings.HasPrefix(q, "GET ") || strings.HasPrefix(q, "GET /status") && q != "GET "+quickStatus {
				t.Errorf("a page that is open asks %s", q)
			}
		}
		cancel()
		running.Wait()
	})
}

// TestScript: our own script is as short as it is meant to be, and asks nobody else.
func TestScript(t *testing.T) {
	script := string(asset(t, "usher.js"))
	if n := strings.Count(script, "\n"); n > 200 {
		t.Errorf("%d lines", n)
	}
	for _, bad := range []string{"innerHTML =", "eval(", "document.write", "http:", "https:", "localStorage", "document.cookie"} {
		if strings.Contains(script, bad) {
			t.Errorf("there is %s in it", bad)
		}
	}
	if styles := string(asset(t, "usher.css")); strings.Contains(styles, "url(") || strings.Contains(styles, "@import") {
		t.Error("the styles load something")
	}
	if layout.AssetPath("usher.js") == layout.AssetPath("usher.css") {
		t.Error("two files have one address")
	}
}
