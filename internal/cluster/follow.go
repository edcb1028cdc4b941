package cluster

import (
	"context"
	"errors"
	"slices"
	"time"

	"usher/internal/logattr"
	"usher/internal/text"
)

// follow reads the snapshots and then the log, until ctx ends or this node has to go.
func (l *link) follow(ctx context.Context) error {
	loaded := false
	for tries := 0; ; tries++ {
		var err error
		if !loaded {
			err = l.load(ctx)
		}
		if err == nil {
			loaded = true
			err = l.n.bus.Follow(ctx, l.scope, l.at, func(b Batch) error {
				tries = 0
				return l.handle(ctx, b)
			})
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errTaken), errors.Is(err, ErrReplaced):
			return err
		case errors.Is(err, ErrCut):
			l.n.o.Log.Warn("the cluster's log does not go on where it was read: reading the snapshots again",
				"scope", string(l.scope))
			loaded = false
		}
		l.setTrouble(err)
		wait(ctx, backoff(tries))
	}
}

// load reads the snapshots of all nodes, as they are at the log's end or later.
func (l *link) load(ctx context.Context) error {
	end, err := l.n.bus.End(ctx, l.scope)
	if err != nil {
		return err
	}
	nodes, err := l.n.bus.Nodes(ctx, l.scope)
	if err != nil {
		return err
	}
	for _, node := range nodes {
		if err := l.loadNode(ctx, node); err != nil {
			return err
		}
	}
	l.mu.Lock()
	for node, v := range l.views {
		v.number = 0
		if !slices.Contains(nodes, node) && len(v.fields.all) > 0 {
			v.fields, v.differs, v.gap = newSet(), 0, true
			l.again.all = true
		}
	}
	l.at, l.loaded = end, true
	l.signalLocked()
	l.mu.Unlock()
	l.wakePublisher()
	return nil
}

// A snapshot is what the engine has of one node.
type snapshot struct {
	fields  set
	beat    *Entry
	numbers map[uint64]uint64 // the last of each incarnation
	strange bool              // something in it was made without a key of this node
}

// readSnapshot reads a node's snapshot, and hands over its facts.
func (l *link) readSnapshot(ctx context.Context, node string, handle func([]Fact) error) (snapshot, error) {
	got := snapshot{fields: newSet(), numbers: map[uint64]uint64{}}
	err := l.n.bus.Snapshot(ctx, l.scope, node, func(part []Sealed) error {
		var facts []Fact
		for i := range part {
			e, ok := l.open(&part[i])
			if !ok {
				got.strange = true
				continue
			}
			got.take(&e)
			if e.Kind >= KindRevocation {
				facts = append(facts, e.Fact)
			}
		}
		if handle == nil {
			return nil
		}
		return handle(facts)
	})
	return got, err
}

func (g *snapshot) take(e *Entry) {
	g.numbers[e.Incarnation] = max(g.numbers[e.Incarnation], e.Number)
	if e.Kind == KindHeartbeat {
		g.beat = e
		return
	}
	g.fields.put(e.Key, e.hash())
}

// loadNode reads a node's snapshot in the place of what is known of it.
func (l *link) loadNode(ctx context.Context, node string) error {
	got, err := l.readSnapshot(ctx, node, func(facts []Fact) error { return l.merge(ctx, facts) })
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	v := l.viewLocked(node)
	if v.fields.lacks(&got.fields) {
		l.again.all = true
		l.wakePublisher()
	}
	v.fields, v.gap, v.inStep = got.fields, true, false
	v.ofSnapshot = got.numbers[v.incarnation]
	if got.beat == nil {
		if got.strange && node != l.n.o.Node {
			l.heardStrangerLocked(node)
		}
		return nil
	}
	if v.incarnation != got.beat.Incarnation {
		v.incarnation, v.number, v.has = got.beat.Incarnation, 0, 0
		v.ofSnapshot = got.numbers[v.incarnation]
	}
	h, err := decodeHeartbeat(got.beat.Body)
	if err != nil || v.beat != nil && v.written.After(got.beat.Time) {
		return nil
	}
	v.beat, v.written = h, got.beat.Time
	if v.beatAt.Before(v.written) && l.now.IsZero() { // by its clock, as nothing else is known yet
		v.beatAt = v.written
	}
	if v.fields.sum == h.Own && l.sameVitalLocked(h) {
		v.gap, v.inStep = false, true
	}
	return nil
}

// merge has the state merge what nodes say.
func (l *link) merge(ctx context.Context, facts []Fact) error {
	facts = slices.DeleteFunc(facts, func(f Fact) bool { return f.Gone && len(f.Body) == 0 || !l.understands(&f) })
	if len(facts) == 0 {
		return nil
	}
	known, err := l.n.state.Merge(ctx, facts)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var newer []Fact
	for i := range known {
		l.knowLocked(&known[i])
		if l.outdatedLocked(&facts[i], &known[i]) {
			newer = append(newer, known[i])
		}
		l.n.o.Seen(Event{What: Applied, Kind: known[i].Kind, N: 1})
	}
	if len(newer) > 0 {
		if l.out.put(newer, Mark{}) {
			l.again.all, l.again.urgent = true, true
		}
		l.wakePublisher()
	}
	return nil
}

// outdatedLocked reports whether what is known now has to be published: this node's snapshot says
// something else, which who reads it later must not learn; or what was said is older, and no
// snapshot says what is known now.
func (l *link) outdatedLocked(said, known *Fact) bool {
	hash := known.hash()
	own, there := l.own.all[known.Key]
	switch {
	case l.out.keys[known.Key] > 0:
		return true
	case there:
		return own != hash
	case said.hash() == hash:
		return false
	}
	for _, v := range l.views {
		if got, there := v.fields.all[known.Key]; there && got == hash {
			return false
		}
	}
	return true
}

// understands reports whether a fact can be merged. If it must be, and cannot, this node is
// too old to know everything.
func (l *link) understands(f *Fact) bool {
	if f.Kind >= KindRevocation && l.n.state.Understands(f.Kind, f.Version) {
		return true
	}
	l.n.o.Seen(Event{What: Unknown, Kind: f.Kind, N: 1})
	if f.Must {
		l.mu.Lock()
		l.blocked = "this usher is too old for the cluster: another publishes what it does not understand"
		l.mu.Unlock()
	}
	return false
}

// open opens an entry. What is forged is left out, counted, and said aloud: there may be any number.
func (l *link) open(s *Sealed) (Entry, bool) {
	e, err := l.n.keys.Open(l.scope, s)
	if err == nil {
		return e, true
	}
	l.n.o.Seen(Event{What: BadMAC, N: 1})
	if silent, ok := l.forged.Allow(); ok {
		l.n.o.Log.Error("an entry of the cluster is left out", "scope", string(l.scope), "node", text.Name(s.Node),
			logattr.Err(err), logattr.Hint("compare the files of cluster.secret_files there and here"),
			logattr.NotLogged(silent))
	}
	return Entry{}, false
}

// handle takes over a part of the log.
func (l *link) handle(ctx context.Context, b Batch) error {
	var entries []Entry
	for i := range b.Entries {
		e, ok := l.open(&b.Entries[i].Sealed)
		switch {
		case !ok:
			l.mu.Lock()
			l.heardStrangerLocked(b.Entries[i].Node)
			l.mu.Unlock()
			continue
		case e.Kind >= KindRevocation:
			entries = append(entries, e)
			continue
		}
		if err := l.learn(ctx, entries); err != nil {
			return err
		}
		entries = entries[:0]
		if err := l.control(ctx, &e, b.Entries[i].At); err != nil {
			return err
		}
	}
	if err := l.learn(ctx, entries); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(b.Entries); n > 0 {
		l.at = b.Entries[n-1].Position
		l.now, l.nowAt = b.Entries[n-1].At, l.n.o.Now()
	}
	if l.owesLocked() {
		l.wakePublisher()
	}
	l.signalLocked()
	return nil
}

// learn merges what nodes say, and only then has their views be as after it: a receipt is of what
// is in the journal.
func (l *link) learn(ctx context.Context, entries []Entry) error {
	var facts []Fact
	for i := range entries {
		switch e := &entries[i]; {
		case e.Node == l.n.o.Node && e.Incarnation == l.n.incarnation:
		case e.Kind.isMessage():
			l.hear(e.Node, &e.Fact)
		default:
			facts = append(facts, e.Fact)
		}
	}
	if err := l.merge(ctx, facts); err != nil {
		return err
	}
	for i := range entries {
		l.track(&entries[i])
	}
	return nil
}

// track has a node's view be as after an entry.
func (l *link) track(e *Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := l.viewLocked(e.Node)
	if v.take(e) {
		l.n.o.Seen(Event{What: Gap, N: 1})
	}
	if e.Kind.isReceipted() && e.Node != l.n.o.Node {
		v.owed = true
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

// More returns a channel that is closed once more of what was published in its cell is known here.
func (n *Node) More() <-chan struct{} {
	l := n.cell
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

// sameVitalLocked reports whether a node knows the same of what is vital.
func (l *link) sameVitalLocked(h *heartbeat) bool {
	return l.scope != Global || l.vital.sumAt(l.n.o.Now()) == h.Vital
}

// heardForLocked is for how long nothing was heard of a node, by the engine's clock as far as it is known.
func (l *link) heardForLocked(v *view) time.Duration {
	return max(0, l.now.Sub(v.beatAt)+l.n.o.Now().Sub(l.nowAt))
}
