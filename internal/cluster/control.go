package cluster

import (
	"context"
	"time"
)

// control takes over what a node says of itself, in the order of the log.
func (l *link) control(ctx context.Context, e *Entry, at time.Time) error {
	switch {
	case e.Node == l.n.o.Node && e.Incarnation != l.n.incarnation:
		l.track(e)
		return l.rival(e)
	case e.Kind == KindHeartbeat:
		return l.heartbeat(ctx, e, at)
	case e.Kind == KindReceipt:
		l.track(e)
		l.receipted(e)
	case e.Kind == KindForget:
		l.track(e)
		l.n.global.forgotten(string(e.Body))
		l.n.cell.forgotten(string(e.Body))
	default:
		l.track(e)
	}
	return nil
}

// rival takes over the heartbeat of another usher under this node's name: of two that live the
// younger has to go, unless it is this one, started again.
func (l *link) rival(e *Entry) error {
	h, err := decodeHeartbeat(e.Body)
	if e.Kind != KindHeartbeat || err != nil || e.Time.Before(l.n.started) {
		return nil // its last words
	}
	o := &l.n.o
	same := h.Machine == o.Machine && h.State == o.State
	switch {
	case same && e.Incarnation > l.n.incarnation:
		return ErrReplaced
	case !same && e.Incarnation < l.n.incarnation:
		return errTaken
	case !same:
		o.Log.Error("another usher tries to have this node's name in the cluster", "node", o.Node)
	}
	return nil
}

// heartbeat takes over that a node lives, and compares what it has published with what was read.
func (l *link) heartbeat(ctx context.Context, e *Entry, at time.Time) error {
	h, err := decodeHeartbeat(e.Body)
	if err != nil {
		l.n.o.Seen(Event{What: BadMAC, N: 1})
		return nil
	}
	l.track(e)
	load := l.takeSilent()
	if l.compare(e, h, at) {
		load = append(load, e.Node)
	}
	for _, node := range load {
		if err := l.loadNode(ctx, node); err != nil {
			return err
		}
	}
	l.refresh()
	return nil
}

// takeSilent returns the nodes that have become silent, or have been so for long: their snapshots are
// read again, as nobody else says what the engine should still have of what they published.
func (l *link) takeSilent() (list []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for node, v := range l.views {
		if node != l.n.o.Node && v.beat != nil && !v.livesAt(l.now) && l.now.Sub(v.readAgain) >= readAgainEach*v.staleness() {
			v.readAgain = l.now
			list = append(list, node)
		}
	}
	return list
}

// compare takes over a heartbeat, and reports whether its node's snapshot has to be read again.
func (l *link) compare(e *Entry, h *heartbeat, at time.Time) (load bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now, l.nowAt = at, l.n.o.Now()
	v := l.viewLocked(e.Node)
	v.beat, v.beatAt, v.written, v.readAgain = h, at, e.Time, time.Time{}
	v.offset.add(e.Time.Sub(at))
	load = v.compare(h, e.Number)
	equal := e.Number > v.ofSnapshot && v.differs == 0
	if e.Node == l.n.o.Node {
		l.ownLocked(v, e.Number, equal)
		return load
	}
	if e.Number <= v.ofSnapshot {
		return false
	}
	same := l.sameVitalLocked(h)
	v.inStep = equal && same
	if same {
		v.vitalDiffers = 0
	} else if equal {
		if v.vitalDiffers++; v.vitalDiffers >= differsBeforeAdopt {
			l.again.all = true
			v.vitalDiffers = 0
			l.wakePublisher()
		}
	}
	for _, node := range h.Wants {
		if node == l.n.o.Node {
			l.again.all = true
			l.wakePublisher()
		}
	}
	return load
}

// readAgainEach is how often the snapshot of a silent node is read again, in times of its staleness.
const readAgainEach = 10

// differsBeforeAdopt is after how many heartbeats with another sum of what is vital, though
// all is read that others have published, what was published by nodes that do not live is
// published again.
const differsBeforeAdopt = 3

// ownLocked takes over this node's own heartbeat, as the engine has it: all before it is read.
func (l *link) ownLocked(v *view, number uint64, equal bool) {
	if v.wanted() {
		l.again.all = true
		l.wakePublisher()
	}
	var sent time.Time
	for len(l.beats) > 0 && l.beats[0].number <= number {
		if l.beats[0].number == number {
			sent = l.beats[0].at
		}
		l.beats = l.beats[1:]
	}
	if !equal || sent.IsZero() || l.blocked != "" {
		return
	}
	l.read = sent
	for _, v := range l.views {
		if v.inStep && !v.gap {
			v.agreed = sent
		}
	}
}

// refresh says up to when this node knows everything: its own heartbeat came back, and it
// agreed with each node that lives. The first time that waits for a node with the same key, or
// for silence, if strangers are all that is heard.
func (l *link) refresh() {
	if l.scope != Global {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n.asOf.Load() == notYet && l.amongStrangersLocked() {
		return
	}
	asOf := l.read
	for node, v := range l.views {
		if node != l.n.o.Node && v.livesAt(l.now) && v.agreed.Before(asOf) {
			asOf = v.agreed
		}
	}
	l.n.freshAsOf(asOf)
}

// receipted takes over what a node has in its journal.
func (l *link) receipted(e *Entry) {
	r, err := decodeReceipt(e.Body)
	if err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	of := r[l.n.o.Node]
	if v := l.viewLocked(e.Node); of.incarnation == l.n.incarnation && e.Incarnation == v.incarnation {
		v.has = max(v.has, of.number)
		l.signalLocked()
	}
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
