package console

import (
	"bytes"
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/e2e/browser/driver"
)

// TestLeave: who leaves reads so, also where the answer takes longer than the end of the page's own stream, after which
// the page looks whether it may still be seen: once it has asked for the stream again, which takes a browser 3 s.
func TestLeave(t *testing.T) {
	d := newDesk(t, options())
	slow := "http://" + delayed(t, strings.TrimPrefix(d.Console, "http://"), "POST /leave ", 5*time.Second)
	p := d.browser.Tab(t)
	p.As(t, ordinary)
	d.enterAt(t, p, strings.Replace(d.link(t), d.Console, slow, 1))
	p.Go(t, slow+"/audit")
	p.Await(t, `document.getElementById("live").classList.contains("on")`, within)
	p.Follow(t, "header form button")
	d.at(t, p, "/enter")
	if search := driver.Eval[string](t, p, "location.search"); search != "?left" {
		t.Errorf("the page is at %q", search)
	}
}

// TestStay: a page whose form has led nowhere, as its answer was given up, is live again, also where nobody looked at it
// meanwhile, or it was paused.
func TestStay(t *testing.T) {
	d := newDesk(t, options())
	p := d.enter(t)
	const live = `document.getElementById("live").classList.contains("on")`
	for _, meanwhile := range []string{
		`for (const away of [true, false]) {
			Object.defineProperty(document, "hidden", { value: away, configurable: true });
			document.dispatchEvent(new Event("visibilitychange"));
		}`,
		`for (let i = 0; i < 2; i++) document.getElementById("live-pause").click();`,
	} {
		p.Go(t, d.Console+"/audit")
		p.Await(t, live, within)
		driver.Eval[bool](t, p, `(() => {
			const usual = window.setTimeout;
			window.setTimeout = (f, ms) => usual(f, ms === 30000 ? 500 : ms);
			const form = document.querySelector("header form");
			form.addEventListener("submit", (e) => e.preventDefault());
			form.requestSubmit();
			document.getElementById("live").classList.remove("on");
			`+meanwhile+`
			return true;
		})()`)
		p.Await(t, live, within)
	}
}

// delayed returns an address that leads to another one. The answer to a request that begins like this comes a while
// later.
func delayed(t *testing.T, to, request string, by time.Duration) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var connections sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		_ = l.Close()
		connections.Wait()
	})
	connections.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			connections.Go(func() { carry(ctx, near, to, request, by) })
		}
	})
	return l.Addr().String()
}

// carry carries a connection on until one side ends it, or the context does.
func carry(ctx context.Context, near net.Conn, to, request string, by time.Duration) {
	defer near.Close()
	far, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer far.Close()
	defer context.AfterFunc(ctx, func() { _, _ = near.Close(), far.Close() })()
	var late atomic.Bool
	var ways sync.WaitGroup
	ways.Go(func() {
		pass(near, far, func(sent []byte) {
			if bytes.HasPrefix(sent, []byte(request)) {
				late.Store(true)
			}
		})
	})
	pass(far, near, func([]byte) {
		if late.Swap(false) {
			select {
			case <-time.After(by):
			case <-ctx.Done():
			}
		}
	})
	ways.Wait()
}

// pass passes on what comes, and is told of it before; the end of one way is that of both.
func pass(from, to net.Conn, coming func([]byte)) {
	defer from.Close()
	defer to.Close()
	for buf := make([]byte, 64<<10); ; {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		coming(buf[:n])
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}
