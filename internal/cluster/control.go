package cluster

import (
	"context"
	"time"
)

// control takes over what a node says of itself, in the order of the log.
func (fl *follower) control(ctx context.Context, e *Entry, at time.Time) error {
	switch {
	case e.Node == fl.n.o.Node && e.Incarnation != fl.n.incarnation:
		fl.track(e)
		return fl.rival(e)
	case e.Kind == KindHeartbeat:
		return fl.heartbeat(ctx, e, at)
	case e.Kind == KindReceipt:
		fl.track(e)
		fl.receipted(e)
	case e.Kind == KindForget:
		fl.track(e)
		fl.n.global.forgotten(string(e.Body))
		fl.n.cell.forgotten(string(e.Body))
	default:
		fl.track(e)
	}
	return nil
}

// rival takes over the heartbeat of another usher under this node's name: of two that live the
// younger has to go, unless it is this one, started again.
func (fl *follower) rival(e *Entry) error {
	h, err := decodeHeartbeat(e.Body)
	if e.Kind != KindHeartbeat || err != nil || e.Time.Before(fl.n.started) {
		return nil // its last words
	}
	o := &fl.n.o
	same := h.Machine == o.Machine && h.State == o.State
	switch {
	case same && e.Incarnation > fl.n.incarnation:
		return ErrReplaced
	case !same && e.Incarnation < fl.n.incarnation:
		return errTaken
	case !same:
		o.Log.Error("another usher tries to have this node's name in the cluster", "node", o.Node)
	}
	return nil
}

// heartbeat takes over that a node lives, and compares what it has published with what was read.
func (fl *follower) heartbeat(ctx context.Context, e *Entry, at time.Time) error {
	h, err := decodeHeartbeat(e.Body)
	if err != nil {
		fl.n.o.Seen(Event{What: BadMAC, N: 1})
		return nil
	}
	fl.track(e)
	load := fl.takeSilent()
	if fl.compare(e, h, at) {
		load = append(load, e.Node)
	}
	for _, node := range load {
		if err := fl.loadNode(ctx, node); err != nil {
			return err
		}
	}
	fl.refresh()
	return nil
}

// takeSilent returns the nodes that have become silent, or have been so for long: their snapshots are
// read again, as nobody else says what the engine should still have of what they published.
func (fl *follower) takeSilent() (list []string) {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	for node, v := range fl.views {
		due := fl.now.Sub(v.readAgain) >= readAgainEach*v.staleness()
		if due && node != fl.n.o.Node && v.beat != nil && !v.livesAt(fl.now) {
			v.readAgain = fl.now
			list = append(list, node)
		}
	}
	return list
}

// compare takes over a heartbeat, and reports whether its node's snapshot has to be read again.
func (fl *follower) compare(e *Entry, h *heartbeat, at time.Time) (load bool) {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	fl.now, fl.nowAt = at, fl.n.o.Now()
	v := fl.viewLocked(e.Node)
	v.beat, v.beatAt, v.written, v.readAgain = h, at, e.Time, time.Time{}
	v.offset.add(e.Time.Sub(at))
	load = v.compare(h, e.Number)
	equal := e.Number > v.ofSnapshot && v.differs == 0
	if e.Node == fl.n.o.Node {
		fl.ownLocked(v, e.Number, equal)
		return load
	}
	if e.Number <= v.ofSnapshot {
		return false
	}
	same := fl.sameVitalLocked(h)
	v.inStep = equal && same
	if same {
		v.vitalDiffers = 0
	} else if equal {
		if v.vitalDiffers++; v.vitalDiffers >= differsBeforeAdopt {
			fl.again.all = true
			v.vitalDiffers = 0
			fl.wakePublisher()
		}
	}
	v.owed = v.owed || h.Waits // a receipt is in the log alone, which it may have lost
	for _, node := range h.Wants {
		if node == fl.n.o.Node {
			fl.again.all = true
			fl.wakePublisher()
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
func (fl *follower) ownLocked(v *view, number uint64, equal bool) {
	if v.wanted() {
		fl.again.all = true
		fl.wakePublisher()
	}
	var sent time.Time
	for len(fl.beats) > 0 && fl.beats[0].number <= number {
		if fl.beats[0].number == number {
			sent = fl.beats[0].at
		}
		fl.beats = fl.beats[1:]
	}
	if !equal || sent.IsZero() || fl.blocked != "" {
		return
	}
	fl.read = sent
	for _, v := range fl.views {
		if v.inStep && !v.gap {
			v.agreed = sent
		}
	}
}

// refresh says up to when this node knows everything: its own heartbeat came back, and it
// agreed with each node that lives. The first time that waits for a node with the same key, or
// for silence, if strangers are all that is heard.
func (fl *follower) refresh() {
	if fl.scope != Global {
		return
	}
	fl.mu.Lock()
	defer fl.mu.Unlock()
	if fl.n.asOf.Load() == notYet && fl.amongStrangersLocked() {
		return
	}
	asOf := fl.read
	for node, v := range fl.views {
		if node != fl.n.o.Node && v.livesAt(fl.now) && v.agreed.Before(asOf) {
			asOf = v.agreed
		}
	}
	fl.n.freshAsOf(asOf)
}

// receipted takes over what a node has in its journal.
func (fl *follower) receipted(e *Entry) {
	r, err := decodeReceipt(e.Body)
	if err != nil {
		return
	}
	fl.mu.Lock()
	defer fl.mu.Unlock()
	of := r[fl.n.o.Node]
	if v := fl.viewLocked(e.Node); of.incarnation == fl.n.incarnation && e.Incarnation == v.incarnation {
		v.has = max(v.has, of.number)
		fl.signalLocked()
	}
}
