// Package driver is package browser for tests: it starts a Chromium that ends with the test and
// looks into its pages. It is apart from package browser so that only tests link the Chrome
// DevTools Protocol.
package driver

import (
	"context"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/remote"

	"usher/e2e/browser"
	"usher/e2e/browser/page"
	"usher/e2e/parts"
)

// A Browser is a Chromium of a test.
type Browser struct {
	ctx context.Context
	log *log
}

// Require skips the test when Chromium or Strophe is not installed, or fails it where the environment says CI: there,
// what is not tested must be seen.
func Require(t testing.TB) {
	t.Helper()
	_, err := browser.Find()
	if err == nil {
		_, err = page.FindStrophe()
	}
	parts.Need(t, err)
}

// RequireJitsi does the same for lib-jitsi-meet.
func RequireJitsi(t testing.TB) {
	t.Helper()
	_, err := page.FindJitsi()
	parts.Need(t, err)
}

// Start starts a browser that ends with the test. The names in hosts lead to their addresses, host:port; no other name
// exists for it.
func Start(t testing.TB, hosts map[string]string) *Browser {
	t.Helper()
	Require(t)
	process, err := browser.Start(t.Context(), browser.Config{Dir: t.TempDir(), Hosts: hosts})
	if err != nil {
		t.Fatal(err)
	}
	b := &Browser{log: &log{t: t}}
	// Not the context of the test: that ends before the pages do, which have a last word to say to the server.
	ctx, stop := remote.NewAllocator(context.Background(), process.DevTools(), remote.NoModifyURL)
	ctx, cancel := chromedp.NewContext(ctx, chromedp.WithErrorf(b.log.printf), chromedp.WithLogf(b.log.printf))
	t.Cleanup(func() {
		b.log.end()
		cancel()
		stop()
		if err := process.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("talking to chromium: %v\n%s", err, process.Log())
	}
	b.ctx = ctx
	return b
}

// log writes to the log of the test while that runs; a page may speak later.
type log struct {
	mu sync.Mutex
	t  testing.TB // nil after the end
}

func (l *log) printf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.t != nil {
		l.t.Logf(format, args...)
	}
}

func (l *log) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.t = nil
}
