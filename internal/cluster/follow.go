package cluster

import (
	"context"
	"errors"
	"slices"
)

// A follower reads in the scope of a link what all nodes say, in one incarnation. One goroutine has it.
type follower struct {
	*link
	at Position // up to there the log was read
}

// run reads the snapshots and then the log, until ctx ends or this node has to go.
func (fl *follower) run(ctx context.Context) error {
	loaded := false
	for tries := 0; ; tries++ {
		var err error
		if !loaded {
			err = fl.load(ctx)
		}
		if err == nil {
			loaded = true
			err = fl.n.bus.Follow(ctx, fl.scope, fl.at, func(b Batch) error {
				tries = 0
				return fl.handle(ctx, b)
			})
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errTaken), errors.Is(err, ErrReplaced):
			return err
		case errors.Is(err, ErrCut):
			fl.n.o.Log.Warn("the cluster's log does not go on where it was read: reading the snapshots again",
				"scope", string(fl.scope))
			loaded = false
		}
		fl.setTrouble(err)
		wait(ctx, backoff(tries))
	}
}

// load reads the snapshots of all nodes, as they are at the log's end or later.
func (fl *follower) load(ctx context.Context) error {
	end, err := fl.n.bus.End(ctx, fl.scope)
	if err != nil {
		return err
	}
	nodes, err := fl.n.bus.Nodes(ctx, fl.scope)
	if err != nil {
		return err
	}
	for _, node := range nodes {
		if err := fl.loadNode(ctx, node); err != nil {
			return err
		}
	}
	fl.mu.Lock()
	for node, v := range fl.views {
		v.number = 0
		if !slices.Contains(nodes, node) && len(v.fields.all) > 0 {
			v.fields, v.differs, v.gap = newSet(), 0, true
			fl.again.all = true
		}
	}
	fl.at, fl.loaded = end, true
	fl.signalLocked()
	fl.mu.Unlock()
	fl.wakePublisher()
	return nil
}

// loadNode reads a node's snapshot in the place of what is known of it.
func (fl *follower) loadNode(ctx context.Context, node string) error {
	got, err := fl.readSnapshot(ctx, node, func(facts []Fact) error { return fl.merge(ctx, facts) })
	if err != nil {
		return err
	}
	fl.mu.Lock()
	defer fl.mu.Unlock()
	if len(got.numbers) == 0 && fl.views[node] == nil { // no key of the cluster made anything there: it is no node
		if got.strange && node != fl.n.o.Node {
			fl.heardStrangerLocked(node)
		}
		return nil
	}
	v := fl.viewLocked(node)
	if v.fields.lacks(&got.fields) {
		fl.again.all = true
		fl.wakePublisher()
	}
	v.fields, v.gap, v.inStep = got.fields, true, false
	v.ofSnapshot = got.numbers[v.incarnation]
	if got.beat == nil {
		if got.strange && node != fl.n.o.Node {
			fl.heardStrangerLocked(node)
		}
		return nil
	}
	if v.incarnation != got.beat.Incarnation {
		v.incarnation, v.number, v.has = got.beat.Incarnation, 0, 0
		v.ofSnapshot = got.numbers[v.incarnation]
	}
	v.owed = node != fl.n.o.Node // what it waits for may have been in the snapshot alone
	h, err := decodeHeartbeat(got.beat.Body)
	if err != nil || v.beat != nil && v.written.After(got.beat.Time) {
		return nil
	}
	v.beat, v.written = h, got.beat.Time
	if v.beatAt.Before(v.written) && fl.now.IsZero() { // by its clock, as nothing else is known yet
		v.beatAt = v.written
	}
	if v.fields.sum == h.Own && fl.sameVitalLocked(h) {
		v.gap, v.inStep = false, true
	}
	return nil
}

// merge has the state merge what nodes say.
func (fl *follower) merge(ctx context.Context, facts []Fact) error {
	facts = slices.DeleteFunc(facts, func(f Fact) bool { return f.Gone && len(f.Body) == 0 || !fl.understands(&f) })
	if len(facts) == 0 {
		return nil
	}
	known, err := fl.n.state.Merge(ctx, facts)
	if err != nil {
		return err
	}
	fl.mu.Lock()
	defer fl.mu.Unlock()
	var newer []Fact
	for i := range known {
		fl.knowLocked(&known[i])
		if fl.outdatedLocked(&facts[i], &known[i]) {
			newer = append(newer, known[i])
		}
		fl.n.o.Seen(Event{What: Applied, Kind: known[i].Kind, N: 1})
	}
	if len(newer) > 0 {
		if fl.out.put(newer, Mark{}) {
			fl.again.all, fl.again.urgent = true, true
		}
		fl.wakePublisher()
	}
	return nil
}

// outdatedLocked reports whether what is known now has to be published: this node's snapshot says
// something else, which who reads it later must not learn; or what was said is older, and no
// snapshot says what is known now.
func (fl *follower) outdatedLocked(said, known *Fact) bool {
	hash := known.hash()
	own, there := fl.own.all[known.Key]
	switch {
	case fl.out.keys[known.Key] > 0:
		return true
	case there:
		return own != hash
	case said.hash() == hash:
		return false
	}
	for _, v := range fl.views {
		if got, there := v.fields.all[known.Key]; there && got == hash {
			return false
		}
	}
	return true
}

// understands reports whether a fact can be merged. If it must be, and cannot, this node is
// too old to know everything.
func (fl *follower) understands(f *Fact) bool {
	if f.Kind >= KindRevocation && fl.n.state.Understands(f.Kind, f.Version) {
		return true
	}
	fl.n.o.Seen(Event{What: Unknown, Kind: f.Kind, N: 1})
	if f.Must {
		fl.mu.Lock()
		fl.blocked = "this usher is too old for the cluster: another publishes what it does not understand"
		fl.mu.Unlock()
	}
	return false
}

// handle takes over a part of the log.
func (fl *follower) handle(ctx context.Context, b Batch) error {
	var entries []Entry
	for i := range b.Entries {
		e, ok := fl.open(&b.Entries[i].Sealed)
		switch {
		case !ok:
			fl.mu.Lock()
			fl.heardStrangerLocked(b.Entries[i].Node)
			fl.mu.Unlock()
			continue
		case e.Kind >= KindRevocation:
			entries = append(entries, e)
			continue
		}
		if err := fl.learn(ctx, entries); err != nil {
			return err
		}
		entries = entries[:0]
		if err := fl.control(ctx, &e, b.Entries[i].At); err != nil {
			return err
		}
	}
	if err := fl.learn(ctx, entries); err != nil {
		return err
	}
	fl.mu.Lock()
	defer fl.mu.Unlock()
	if n := len(b.Entries); n > 0 {
		fl.at = b.Entries[n-1].Position
		fl.now, fl.nowAt = b.Entries[n-1].At, fl.n.o.Now()
	}
	if fl.owesLocked() {
		fl.wakePublisher()
	}
	fl.signalLocked()
	return nil
}

// learn merges what nodes say, and only then has their views be as after it: a receipt is of what
// is in the journal.
func (fl *follower) learn(ctx context.Context, entries []Entry) error {
	var facts []Fact
	for i := range entries {
		switch e := &entries[i]; {
		case e.Node == fl.n.o.Node && e.Incarnation == fl.n.incarnation:
		case e.Kind.isMessage():
			fl.hear(e.Node, &e.Fact)
		default:
			facts = append(facts, e.Fact)
		}
	}
	if err := fl.merge(ctx, facts); err != nil {
		return err
	}
	for i := range entries {
		fl.track(&entries[i])
	}
	return nil
}

// track has a node's view be as after an entry.
func (fl *follower) track(e *Entry) {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	v := fl.viewLocked(e.Node)
	if v.take(e) {
		fl.n.o.Seen(Event{What: Gap, N: 1})
	}
	if e.Kind.isReceipted() && e.Node != fl.n.o.Node {
		v.owed = true
	}
}

// More returns a channel that is closed once more of what was published in its cell is known here.
func (n *Node) More() <-chan struct{} {
	l := n.cell
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

// sameVitalLocked reports whether a node knows the same of what is vital.
func (fl *follower) sameVitalLocked(h *heartbeat) bool {
	return fl.scope != Global || fl.vital.sumAt(fl.n.o.Now()) == h.Vital
}
