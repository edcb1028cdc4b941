package browser_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"usher/e2e/browser"
	"usher/e2e/parts"
)

func find(t *testing.T) {
	t.Helper()
	_, err := browser.Find()
	parts.Need(t, err)
}

// A tab opens its link under the name that leads to the test's server, and no other name leads anywhere.
func TestTabs(t *testing.T) {
	t.Parallel()
	find(t)
	seen := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Host + r.URL.String()
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<link rel="icon" href="data:,"><script>
			addEventListener('pagehide', () => navigator.sendBeacon('/left'));
			fetch('http://other.example.com/').catch(() => fetch('/nowhere'));
		</script>`))
	}))
	defer server.Close()
	b, err := browser.Start(t.Context(), browser.Config{Dir: t.TempDir(),
		Hosts: map[string]string{"meet.example.com": server.Listener.Addr().String()}})
	if err != nil {
		t.Fatal(err)
	}
	wait := func(want string) {
		t.Helper()
		select {
		case got := <-seen:
			if got != "meet.example.com"+want {
				t.Errorf("%s was asked for, not %s", got, want)
			}
		case <-time.After(time.Minute):
			t.Errorf("nobody asked for %s\n%s", want, b.Log())
		}
	}
	tab, err := b.Open(t.Context(), "http://meet.example.com/board?jwt=a.b&c=%C3%9C")
	if err != nil {
		t.Fatal(err)
	}
	wait("/board?jwt=a.b&c=%C3%9C")
	wait("/nowhere")
	if err := tab.Close(t.Context()); err != nil {
		t.Error(err)
	}
	wait("/left")
	// Chromium answers before the tab is gone.
	closedTwice := func() bool { return tab.Close(t.Context()) == nil }
	for end := time.Now().Add(20 * time.Second); closedTwice(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("a tab is closed again and again")
		}
	}
	stop(t, b)
	if _, err := b.Open(t.Context(), "http://meet.example.com/"); err == nil {
		t.Error("a browser that has stopped opened a tab")
	}
}

// stop wants nothing to be left of the browser.
func stop(t *testing.T, b *browser.Browser) {
	t.Helper()
	if err := b.Stop(); err != nil {
		t.Error(err)
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		err := syscall.Kill(-b.PID(), 0)
		if errors.Is(err, syscall.ESRCH) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("processes of the browser are left: %v", err)
		}
	}
}

func TestMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := browser.Start(t.Context(), browser.Config{Dir: t.TempDir()}); !errors.Is(err, browser.ErrMissing) {
		t.Errorf("got %v", err)
	}
}

// A program that ends at once is not waited for, and its last words are told.
func TestThatExits(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/chromium", []byte("#!/bin/sh\necho no such display\nexit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	_, err := browser.Start(t.Context(), browser.Config{Dir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "exit status 3") ||
		!strings.Contains(err.Error(), "no such display") {
		t.Errorf("got %v", err)
	}
}
