package driver

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"usher/e2e/browser/page"
)

// commandLimit bounds one command to a page. One that comes back at all does so at once, but on a busy machine.
const commandLimit = time.Minute

// A Page is a tab with its own cookies and storage, like a person with a browser of his own.
type Page struct {
	ctx      context.Context
	close    context.CancelFunc
	messages messages
}

// Open opens a link and returns when the page is loaded. What the page writes to its console goes
// to the log of the test.
func (b *Browser) Open(t testing.TB, link string) *Page {
	t.Helper()
	p := b.Tab(t)
	p.do(t, chromedp.Navigate(link))
	return p
}

// Tab opens an empty page, for what must be said to it before it is led to a link.
func (b *Browser) Tab(t testing.TB) *Page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	p := &Page{ctx: ctx, close: cancel}
	if err := chromedp.Do(ctx); err != nil { // opens the tab, with a context that lasts as long as it
		t.Fatalf("opening a tab: %v", err)
	}
	said := chromedp.Console(ctx)
	go func() { // ends with the tab
		for message, err := range said {
			if err != nil {
				continue
			}
			if message.Type != chromedp.ConsoleDebug {
				b.log.printf("console: %s", message)
			}
			p.messages.add(message)
		}
	}()
	return p
}

// Another opens a link in another tab of the same person: cookies are shared.
func (p *Page) Another(t testing.TB, link string) *Page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(p.ctx)
	other := &Page{ctx: ctx, close: cancel}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	other.do(t, chromedp.Navigate(link))
	return other
}

// run runs one command within the limit.
func run[T any](p *Page, action chromedp.Action[T]) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, commandLimit)
	defer cancel()
	return chromedp.Run(ctx, action)
}

func (p *Page) do(t testing.TB, action chromedp.Action[chromedp.Void]) {
	t.Helper()
	if _, err := run(p, action); err != nil {
		t.Fatalf("the page: %v", err)
	}
}

// Do evaluates a JavaScript expression for its effect, and awaits it if it is a promise.
func (p *Page) Do(t testing.TB, expression string) {
	t.Helper()
	p.do(t, chromedp.Evaluate[chromedp.Void](expression, chromedp.EvalAwaitPromise))
}

// Eval evaluates a JavaScript expression, and awaits it if it is a promise; T takes its JSON.
func Eval[T any](t testing.TB, p *Page, expression string) T {
	t.Helper()
	value, err := run(p, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("the page: %v", err)
	}
	return value
}

// Patience is for what takes a moment in a Chromium that has a processor for itself.
const Patience = time.Minute

// Await returns when a JavaScript expression is true. An expression that throws is not true yet.
func (p *Page) Await(t testing.TB, expression string, within time.Duration) {
	t.Helper()
	var last error
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(25 * time.Millisecond) {
		var done bool
		if done, last = run(p, chromedp.Evaluate[bool]("Boolean("+expression+")")); done {
			return
		}
	}
	t.Fatalf("the page did not come to %s within %s (last error: %v); it is at\n%s", expression, within, last,
		p.describe())
}

// describe is window.meet, or the text of a page without it.
func (p *Page) describe() string {
	text, err := run(p,
		chromedp.Evaluate[string]("window.meet ? JSON.stringify(meet, null, 1) : document.body.innerText"))
	if err != nil {
		return err.Error()
	}
	return text
}

// State is what the page of package page sees now.
func (p *Page) State(t testing.TB) page.State {
	t.Helper()
	var s page.State
	if err := json.Unmarshal([]byte(Eval[string](t, p, "JSON.stringify(meet)")), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// Joined waits until the page of package page is in its room, and returns what it sees then.
func (p *Page) Joined(t testing.TB) page.State {
	t.Helper()
	p.Await(t, `meet.status === "joined"`, Patience)
	return p.State(t)
}

// Moderates waits until the page of package page is in its room as a moderator. Where usher is in front it holds a join
// back for a moment only, so on a busy machine the affiliation comes after the join.
func (p *Page) Moderates(t testing.TB) page.State {
	t.Helper()
	p.Await(t, `meet.status === "joined" && meet.moderator`, Patience)
	return p.State(t)
}

// Refused waits until the page of package page was not let in, and returns what it sees then.
func (p *Page) Refused(t testing.TB) page.State {
	t.Helper()
	p.Await(t, `meet.status === "refused"`, Patience)
	return p.State(t)
}

// Text is what a person can read.
func (p *Page) Text(t testing.TB) string {
	t.Helper()
	return Eval[string](t, p, "document.body.innerText")
}

// Leave goes to an empty page: the page can still say that it leaves.
func (p *Page) Leave(t testing.TB) {
	t.Helper()
	p.do(t, chromedp.Navigate("about:blank"))
}

// Close closes the tab.
func (p *Page) Close() { p.close() }
