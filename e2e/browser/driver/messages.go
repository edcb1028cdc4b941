package driver

import (
	"slices"
	"sync"

	"github.com/chromedp/chromedp"
)

// maxMessages is far more than a page says that a test looks at.
const maxMessages = 1000

// messages are what a page has written to its console.
type messages struct {
	mu  sync.Mutex
	all []string
}

func (m *messages) add(message chromedp.ConsoleMessage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch message.Type {
	case chromedp.ConsoleWarning, chromedp.ConsoleError, chromedp.ConsoleException:
		if len(m.all) < maxMessages {
			m.all = append(m.all, message.String())
		}
	}
}

// Complaints are the warnings, errors and exceptions that the page, and the browser about it, have written to the
// console since the last call: what breaks a content security policy, what could not be loaded, a script that failed.
func (p *Page) Complaints() []string {
	p.messages.mu.Lock()
	defer p.messages.mu.Unlock()
	all := slices.Clone(p.messages.all)
	p.messages.all = nil
	return all
}
