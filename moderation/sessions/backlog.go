package sessions

import "sync"

// maxBehind bounds the changes that wait to be written, in entries.
const maxBehind = 20_000

// A backlog is what memory already says and the store does not yet, written by
// [Sessions.Run] after the answer. What finds no place is left out, and the next
// start finds it: what has ended ends again.
type backlog struct {
	wake chan struct{}

	mu      sync.Mutex
	changes []Change
}

func newBacklog() backlog { return backlog{wake: make(chan struct{}, 1)} }

// add reports false at the bound.
func (b *backlog) add(changes []Change) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.changes)+len(changes) > maxBehind {
		return false
	}
	b.putLocked(changes)
	return true
}

// begin is add without a bound, for what a start finds.
func (b *backlog) begin(changes []Change) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.putLocked(changes)
}

// putLocked wants the lock.
func (b *backlog) putLocked(changes []Change) {
	b.changes = append(b.changes, changes...)
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (b *backlog) take() []Change {
	b.mu.Lock()
	defer b.mu.Unlock()
	changes := b.changes
	b.changes = nil
	return changes
}
