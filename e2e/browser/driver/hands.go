package driver

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Go leads the page to a link, returns when that is loaded, and what the answer's status was.
func (p *Page) Go(t testing.TB, link string) (status int) {
	t.Helper()
	return p.loads(t, chromedp.Navigate(link))
}

// Follow clicks on the first element of a CSS selector once that is seen, which leads to another page, and returns when
// that is loaded, and what the answer's status was.
func (p *Page) Follow(t testing.TB, selector string) (status int) {
	t.Helper()
	return p.loads(t, click(selector))
}

// FollowSlowly is Follow of somebody who keeps the button of the mouse pressed while something happens.
func (p *Page) FollowSlowly(t testing.TB, selector string, meanwhile func()) (status int) {
	t.Helper()
	return p.loads(t, hold(selector, meanwhile))
}

// Enter presses Return, which leads to another page; else as Follow.
func (p *Page) Enter(t testing.TB) (status int) {
	t.Helper()
	return p.loads(t, chromedp.KeyEvent("\r"))
}

// Reload loads the page again.
func (p *Page) Reload(t testing.TB) (status int) {
	t.Helper()
	return p.loads(t, chromedp.Reload())
}

// loads runs what leads to another page.
func (p *Page) loads(t testing.TB, step chromedp.Action[chromedp.Void]) (status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, commandLimit)
	defer cancel()
	var answer *network.Response
	answer, err := chromedp.RunResponse(ctx, step)
	if err != nil {
		t.Fatalf("no page came: %v; this one is at\n%s", err, p.describe())
	}
	if answer == nil { // an address that differs behind # alone
		return 0
	}
	return int(answer.Status)
}

// Click clicks on the first element of a CSS selector once that is seen, which leads nowhere else.
func (p *Page) Click(t testing.TB, selector string) {
	t.Helper()
	p.do(t, click(selector))
}

// click clicks on the first element of a CSS selector.
func click(selector string) chromedp.Action[chromedp.Void] { return hold(selector, func() {}) }

// hold presses the button of the mouse where the first element of a CSS selector is, once that is seen, and lets go of
// it after something. It asks the page for the place in one step: a page that is live may put another element into the
// place of the one that was found, as a person does not see.
func hold(selector string, meanwhile func()) chromedp.Action[chromedp.Void] {
	where := chromedp.Evaluate[[]float64](fmt.Sprintf(`((e) => {
		if (!e || !e.checkVisibility({visibilityProperty: true})) return [];
		e.scrollIntoViewIfNeeded();
		const box = [...e.getClientRects()].find((r) => r.width > 0 && r.height > 0);
		return box ? [box.x + box.width / 2, box.y + box.height / 2] : [];
	})(document.querySelector(%q))`, selector))
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		for {
			place, err := where(ctx, target)
			if err != nil {
				return err
			}
			if len(place) == 2 {
				return press(ctx, target, place[0], place[1], meanwhile)
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("waiting for %s: %w", selector, context.Cause(ctx))
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
}

// press presses the button of the mouse at a place, and lets go of it after something.
func press(ctx context.Context, target *chromedp.Target, x, y float64, meanwhile func()) error {
	mouse := input.DispatchMouseEventParams{Type: chromedp.MousePressed, X: x, Y: y, Button: input.MouseButtonLeft,
		ClickCount: 1}
	if _, err := cdp.Call(ctx, target, input.DispatchMouseEvent, mouse); err != nil {
		return err
	}
	meanwhile()
	mouse.Type = chromedp.MouseReleased
	_, err := cdp.Call(ctx, target, input.DispatchMouseEvent, mouse)
	return err
}

// Type puts the cursor into the first visible field of a CSS selector and writes a text instead of what is there.
func (p *Page) Type(t testing.TB, selector, text string) {
	t.Helper()
	p.do(t, chromedp.Focus(chromedp.CSS(selector), chromedp.NodeVisible))
	p.Do(t, "document.activeElement.select()")
	p.Press(t, text)
}

// Put sets the value of a field that is not written letter by letter: a list, or a moment.
func (p *Page) Put(t testing.TB, selector, value string) {
	t.Helper()
	p.do(t, chromedp.SetValue(chromedp.CSS(selector), value))
}

// Choose gives files to the field of a CSS selector that wants some.
func (p *Page) Choose(t testing.TB, selector string, files ...string) {
	t.Helper()
	p.do(t, chromedp.SetUploadFiles(chromedp.CSS(selector), files))
}

// Press presses keys one after the other, wherever the focus is; "\t" is Tab and "\r" Return.
func (p *Page) Press(t testing.TB, keys string) {
	t.Helper()
	p.do(t, chromedp.KeyEvent(keys))
}
