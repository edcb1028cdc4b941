package driver

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// A View is how a page is looked at.
type View struct {
	Width, Height int64 // in CSS pixels
	Dark          bool  // the system's colours are dark
	Phone         bool  // fingers instead of a mouse, and the viewport of a phone
}

// As has the page looked at in another way, at once and from now on.
func (p *Page) As(t testing.TB, v View) {
	t.Helper()
	var options []chromedp.EmulateViewportOption
	if v.Phone {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait)
	}
	p.do(t, chromedp.EmulateViewport(v.Width, v.Height, options...))
	scheme := "light"
	if v.Dark {
		scheme = "dark"
	}
	p.do(t, call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}))
}

// Scripts turns the scripts of the pages to come off, or on again. What the test evaluates still runs.
func (p *Page) Scripts(t testing.TB, on bool) {
	t.Helper()
	p.do(t, call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on}))
}

// Cache has the page load everything anew each time, or again what it has not yet.
func (p *Page) Cache(t testing.TB, on bool) {
	t.Helper()
	p.do(t, call(network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: !on}))
}

// call is a command of the protocol whose answer says nothing.
func call[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, command, params)
		return err
	})
}
