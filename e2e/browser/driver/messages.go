package driver

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// maxMessages is far more than a page says that a test looks at.
const maxMessages = 1000

// messages are what a page has written to its console.
type messages struct {
	mu    sync.Mutex
	all   []string
	marks map[string]chan struct{} // closed once the page's messages have been read as far as this one
	made  int                      // so many marks
}

func (m *messages) add(message chromedp.ConsoleMessage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch message.Type {
	case chromedp.ConsoleDebug:
		if reached := m.marks[message.Text]; reached != nil {
			delete(m.marks, message.Text)
			close(reached)
		}
	case chromedp.ConsoleWarning, chromedp.ConsoleError, chromedp.ConsoleException:
		if len(m.all) < maxMessages {
			m.all = append(m.all, message.String())
		}
	}
}

// mark is a message that the page is to write, and what is closed once that has been read.
func (m *messages) mark() (text string, reached <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.made++
	text = fmt.Sprintf("all that was said before mark %d is read", m.made)
	if m.marks == nil {
		m.marks = map[string]chan struct{}{}
	}
	c := make(chan struct{})
	m.marks[text] = c
	return text, c
}

// take empties the list.
func (m *messages) take() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.Clone(m.all)
	m.all = nil
	return all
}

// Complaints are the warnings, errors and exceptions that the page, and the browser about it, have written to the
// console since the last call: what breaks a content security policy, what could not be loaded, a script that failed.
// The page's messages are read beside what the test does, so the page has to write one more, behind which there are
// none from before.
func (p *Page) Complaints(t testing.TB) []string {
	t.Helper()
	text, reached := p.messages.mark()
	p.Do(t, fmt.Sprintf("console.debug(%q)", text))
	ctx, cancel := context.WithTimeout(p.ctx, commandLimit)
	defer cancel()
	select {
	case <-reached:
	case <-ctx.Done():
		t.Fatalf("the page's messages do not come: %v", context.Cause(ctx))
	}
	return p.messages.take()
}
