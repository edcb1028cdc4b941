package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// A Tab is a page that Open has opened.
type Tab struct {
	browser *Browser
	id      string
}

// Open opens a link in a new tab. It does not wait for the page: what that sees, it must report itself.
func (b *Browser) Open(ctx context.Context, link string) (*Tab, error) {
	text, err := b.ask(ctx, http.MethodPut, "/json/new?"+url.QueryEscape(link))
	if err != nil {
		return nil, fmt.Errorf("opening a tab: %w", err)
	}
	var answer struct{ ID string }
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, fmt.Errorf("opening a tab: %w", err)
	}
	return &Tab{browser: b, id: answer.ID}, nil
}

// Close closes the tab, as a person does: the page can still say that it leaves.
func (t *Tab) Close(ctx context.Context) error {
	if _, err := t.browser.ask(ctx, http.MethodGet, "/json/close/"+t.id); err != nil {
		return fmt.Errorf("closing a tab: %w", err)
	}
	return nil
}

// ask uses the part of DevTools that is plain HTTP.
func (b *Browser) ask(ctx context.Context, method, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+b.addr+path, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("chromium answered %s", res.Status)
	}
	return text, err
}
