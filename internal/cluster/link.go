package cluster

import (
	"context"
	"sync"
	"time"

	"usher/internal/ratelimit"
)

// A link is a node in one scope: what it publishes there, and what it has read. A [publisher] and a [follower] share
// it.
type link struct {
	n     *Node
	scope Scope
	wake  chan struct{} // has the publisher look again

	forged, unsealed ratelimit.Log // of log lines

	mu        sync.Mutex // taken last; nothing is waited for under it
	changed   chan struct{}
	views     map[string]*view     // by node, this one too
	strangers map[string]time.Time // by name: when an entry was read that no key here made
	vital     living               // what is known here of what is vital: only of all nodes
	loaded    bool                 // the snapshots were read
	now       time.Time            // the engine's, when it took what was read last
	nowAt     time.Time            // when that was read
	beats     []sentBeat           // that were published and not read yet
	read      time.Time            // when the last that was read had been sent
	blocked   string               // why this node cannot know everything: the rest of the cluster is newer
	trouble   string               // what the engine said last, if it was no success

	out       outbox
	again     again
	published uint64 // the last number that the engine took
	marked    Mark   // up to there the journal's changes were published
	markedBy  uint64 // with which number

	own set // what this node's snapshot has once all is published that has a number

	messages []*message // that are to be told
}

// again says what is to be published again.
type again struct {
	all, urgent bool
	resign      bool // also what the snapshot has as it is: it is to be signed anew
}

type sentBeat struct {
	number uint64
	at     time.Time
}

func newLink(n *Node, scope Scope) *link {
	l := &link{n: n, scope: scope, wake: make(chan struct{}, 1), changed: make(chan struct{})}
	l.reset()
	return l
}

// reset forgets everything: a new incarnation begins.
func (l *link) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.views, l.vital, l.strangers = map[string]*view{}, newLiving(), map[string]time.Time{}
	l.loaded, l.now, l.nowAt = false, time.Time{}, time.Time{}
	l.beats, l.read, l.blocked, l.trouble = nil, time.Time{}, "", ""
	l.out, l.again = outbox{}, again{all: true, urgent: true}
	l.published, l.marked, l.markedBy = 0, Mark{}, 0
	l.own = newSet()
	l.signalLocked()
}

// signalLocked has those who wait look again.
func (l *link) signalLocked() {
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *link) wakePublisher() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// enter takes over changes of this node.
func (l *link) enter(facts []Fact, mark Mark) {
	l.mu.Lock()
	for i := range facts {
		l.knowLocked(&facts[i])
	}
	if l.out.put(facts, mark) {
		l.again.all, l.again.urgent = true, true
	}
	l.mu.Unlock()
	l.wakePublisher()
}

// knowLocked counts what is known now of what is vital.
func (l *link) knowLocked(f *Fact) {
	if f.Kind.isVital() {
		l.vital.put(f)
	}
}

// askResync has all that is known here compared with what the engine has of it, and published
// where it differs, or where only nodes have published it that were not heard of lately.
func (l *link) askResync() {
	l.mu.Lock()
	l.again.all = true
	l.mu.Unlock()
	l.wakePublisher()
}

func (l *link) viewLocked(node string) *view {
	v := l.views[node]
	if v == nil {
		v = newView()
		if l.loaded { // who joins now is trusted for as long as the others: it publishes before it lives
			v.agreed = l.read
		}
		l.views[node] = v
	}
	return v
}

func (l *link) setTrouble(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.trouble = ""
		return
	}
	l.trouble = err.Error()
}

func (l *link) isLoaded() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.loaded
}

// owesLocked reports whether another node may wait for a receipt that can be given.
func (l *link) owesLocked() bool {
	for _, v := range l.views {
		if v.owed && !v.gap {
			return true
		}
	}
	return false
}

// forgotten drops what is known of a node that was retired.
func (l *link) forgotten(node string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if node != l.n.o.Node {
		delete(l.views, node)
		l.signalLocked()
	}
}

// until waits until something is so, which is looked at under the lock.
func (l *link) until(ctx context.Context, so func() bool) error {
	for {
		l.mu.Lock()
		done, changed := so(), l.changed
		l.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// heardForLocked is for how long nothing was heard of a node, by the engine's clock as far as it is known.
func (l *link) heardForLocked(v *view) time.Duration {
	return max(0, l.now.Sub(v.beatAt)+l.n.o.Now().Sub(l.nowAt))
}
