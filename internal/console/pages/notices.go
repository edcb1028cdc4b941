package pages

import (
	"crypto/rand"
	"sync"
	"time"

	"usher/internal/console/layout"
)

// The bounds of notices that were not shown yet.
const (
	maxNotices  = 64
	noticeLasts = 5 * time.Minute
)

// notices are what came of changes, until the page that follows has shown it. An address names one by a word that
// nobody can guess: no link of others can make a page say something.
type notices struct {
	now func() time.Time

	mu   sync.Mutex
	byID map[string]keptNotice
	ids  []string // the oldest first
}

type keptNotice struct {
	notice layout.Notice
	at     time.Time
}

func newNotices(now func() time.Time) *notices {
	return &notices{now: now, byID: map[string]keptNotice{}}
}

// put keeps a notice, and returns its name.
func (n *notices) put(notice layout.Notice) string {
	id := rand.Text()
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.ids) >= maxNotices {
		delete(n.byID, n.ids[0])
		n.ids = n.ids[1:]
	}
	n.byID[id] = keptNotice{notice, n.now()}
	n.ids = append(n.ids, id)
	return id
}

// take returns a notice, once; nil if there is none of that name.
func (n *notices) take(id string) *layout.Notice {
	n.mu.Lock()
	defer n.mu.Unlock()
	k, there := n.byID[id]
	delete(n.byID, id)
	if !there || n.now().Sub(k.at) > noticeLasts {
		return nil
	}
	return &k.notice
}
