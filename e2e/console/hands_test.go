package console

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"usher/e2e/browser/driver"
)

// Hands are how a person uses a page. Each takes note of what is used.
type hands interface {
	// follow uses what leads to another page, and returns the status of that.
	follow(t *testing.T, selector string) (status int)
	// write writes a text into a field, instead of what is there.
	write(t *testing.T, selector, text string)
	// tick ticks a box, or takes the tick away.
	tick(t *testing.T, selector string)
	// set sets a list or a time.
	set(t *testing.T, selector, value string)
	// push pushes a button that leads nowhere else, or opens what is folded.
	push(t *testing.T, selector string)
}

// A mouse points at what it uses; the keyboard writes texts.
type mouse struct {
	d *desk
	p *driver.Page
}

func (m mouse) follow(t *testing.T, selector string) int {
	t.Helper()
	m.d.controls.use(t, m.p, selector)
	return m.p.Follow(t, selector)
}

func (m mouse) write(t *testing.T, selector, text string) {
	t.Helper()
	m.d.controls.use(t, m.p, selector)
	m.p.Type(t, selector, text)
}

func (m mouse) set(t *testing.T, selector, value string) {
	t.Helper()
	m.d.controls.use(t, m.p, selector)
	m.p.Put(t, selector, value)
}

func (m mouse) tick(t *testing.T, selector string) { m.push(t, selector) }

func (m mouse) push(t *testing.T, selector string) {
	t.Helper()
	m.d.controls.use(t, m.p, selector)
	m.p.Click(t, selector)
}

// A keyboard goes from control to control with Tab, and wants to see where it is.
type keyboard struct {
	d *desk
	p *driver.Page
}

func (k keyboard) follow(t *testing.T, selector string) int {
	t.Helper()
	k.reach(t, selector)
	return k.p.Enter(t)
}

func (k keyboard) write(t *testing.T, selector, text string) {
	t.Helper()
	k.reach(t, selector)
	k.p.Do(t, "document.activeElement.select()") // as Ctrl and A do
	k.p.Press(t, text)
}

func (k keyboard) set(t *testing.T, selector, value string) {
	t.Helper()
	k.reach(t, selector)
	if driver.Eval[string](t, k.p, "document.activeElement.localName") != "select" {
		k.p.Put(t, selector, value) // each language of a browser writes times in another way
		return
	}
	for range mostTabs {
		if driver.Eval[string](t, k.p, "document.activeElement.value") == value {
			return
		}
		k.p.Press(t, kb.ArrowDown)
	}
	t.Fatalf("%s has no %q", selector, value)
}

func (k keyboard) tick(t *testing.T, selector string) { k.push(t, selector) }

func (k keyboard) push(t *testing.T, selector string) {
	t.Helper()
	k.reach(t, selector)
	k.p.Press(t, " ")
}

// mostTabs is more than a page has controls.
const mostTabs = 400

// reach presses Tab until what a selector finds has the focus.
func (k keyboard) reach(t *testing.T, selector string) {
	t.Helper()
	k.d.controls.use(t, k.p, selector)
	for range mostTabs {
		k.p.Press(t, "\t")
		at := focusOf(t, k.p, selector)
		if !at.Seen && !at.Nowhere {
			t.Errorf("the focus is not seen on %s", at.What)
		}
		if at.Here {
			return
		}
	}
	t.Fatalf("Tab does not lead to %s:\n%s", selector, k.p.Text(t))
}

// A focus is where the keyboard is.
type focus struct {
	What    string // as HTML
	Nowhere bool   // it is on no control
	Here    bool   // it is on what was asked for
	Seen    bool   // a person sees it
}

func focusOf(t *testing.T, p *driver.Page, selector string) focus {
	t.Helper()
	return driver.Eval[focus](t, p, fmt.Sprintf(`((e) => {
		const style = getComputedStyle(e), box = e.getBoundingClientRect();
		const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 || style.boxShadow !== "none";
		const inside = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 &&
			box.left < innerWidth;
		return {What: e.outerHTML.slice(0, 200), Nowhere: e === document.body || e === document.documentElement,
			Here: e.matches(%q), Seen: ring && inside};
	})(document.activeElement || document.body)`, selector))
}
