package cluster

import (
	"context"
	"iter"
	"time"

	"usher/internal/logattr"
)

// A resync compares all that is known here with this node's snapshot at the engine, and
// publishes what differs.
type resync struct {
	had     map[Key]uint64 // what the snapshot had, and was not found here yet
	touched map[Key]bool   // what changed since: it is published already
	next    func() (Fact, error, bool)
	stop    func()
	first   bool // the snapshots of all nodes were read just before
	lists   bool // facts whose tombstones may be gone are published as well
	over    bool // all was found that is known here
}

// beginResync begins one, if it is wanted and its time has come, and none is going on.
func (p *publisher) beginResync(ctx context.Context) {
	now := p.n.o.Now()
	p.mu.Lock()
	want := p.again
	due := want.all && (want.urgent || !now.Before(p.resynced.Add(resyncEvery)))
	p.mu.Unlock()
	if p.resync != nil || !due {
		return
	}
	first := p.resynced.IsZero()
	p.resynced = now
	p.mu.Lock()
	p.again = again{} // what is asked for from now on comes afterwards
	p.mu.Unlock()
	had, err := p.readSnapshot(ctx, p.n.o.Node, nil)
	if err != nil {
		p.mu.Lock()
		p.again.all, p.again.urgent = true, p.again.urgent || want.urgent
		p.again.resign = p.again.resign || want.resign
		p.mu.Unlock()
		return // the next publication says what is wrong with the engine
	}
	p.mu.Lock()
	p.own = newSet()
	for k, hash := range had.fields.all {
		p.own.put(k, hash)
	}
	p.mu.Unlock()
	if want.resign { // so that all of it differs
		for k := range had.fields.all {
			had.fields.all[k]++
		}
	}
	next, stop := iter.Pull2(p.n.state.Facts(ctx, p.scope))
	p.resync = &resync{had: had.fields.all, touched: map[Key]bool{}, next: next, stop: stop, first: first,
		lists: !p.wasAway()}
}

// wasAway reports whether others went on without this node for longer than tombstones are kept.
func (p *publisher) wasAway() bool {
	last := p.n.last
	if last.IsZero() {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for node, v := range p.views {
		if node != p.n.o.Node && v.written.Sub(last) > tombstones {
			return true
		}
	}
	return false
}

// SignAnew publishes everything again that this node has published: another key signs by now, and the former one is to
// go.
func (n *Node) SignAnew() {
	for _, l := range []*link{n.global, n.cell} {
		l.mu.Lock()
		l.again.all, l.again.urgent, l.again.resign = true, true, true
		l.mu.Unlock()
		l.wakePublisher()
	}
}

func (p *publisher) endResync() {
	if p.resync != nil {
		p.resync.stop()
		p.resync = nil
	}
}

// touch notes what was published meanwhile: what is known of it may be older.
func (r *resync) touch(facts []Fact) {
	for i := range facts {
		r.touched[facts[i].Key] = true
	}
}

// take returns some of what is to be published again; it ends the resync when that is all.
func (r *resync) take(ctx context.Context, p *publisher, most int) (facts []Fact) {
	for bytes := 0; len(facts) < most && bytes < publishBytes; {
		f, ok, err := r.pull()
		switch {
		case err != nil:
			if ctx.Err() == nil {
				p.n.o.Log.Error("what this node knows cannot be read for the other ushers", logattr.Err(err))
				p.askResync()
			}
			p.endResync()
			return facts
		case !ok:
			p.endResync()
			return facts
		case r.isMissing(&f, p):
			facts = append(facts, f)
			bytes += len(f.Body) + factCosts
		}
	}
	return facts
}

// pull returns what is known here, one after the other, and then what the snapshot has
// besides, to be dropped.
func (r *resync) pull() (f Fact, ok bool, err error) {
	if !r.over {
		f, err, ok := r.next()
		if ok || err != nil {
			return f, ok, err
		}
		r.over = true
	}
	for k := range r.had {
		delete(r.had, k)
		return Fact{Kind: KindDropped, Key: k, Gone: true}, true, nil
	}
	return Fact{}, false, nil
}

// isMissing reports whether a fact has to be published: the snapshot has it otherwise, or
// no node has it in its own.
func (r *resync) isMissing(f *Fact, p *publisher) bool {
	if f.Kind == KindDropped {
		return !r.touched[f.Key]
	}
	hash, own := r.had[f.Key]
	delete(r.had, f.Key)
	switch {
	case r.touched[f.Key] || f.Kind.isTombstoned() && !r.lists:
		return false
	case own:
		return hash != f.hash()
	}
	return !p.elsewhere(f, !r.first)
}

// silentAfter is after how long without a heartbeat a node is not relied on to publish again what the
// engine has lost.
const silentAfter = 5 * time.Second

// elsewhere reports whether another node has published a fact as it is known here; one that
// was heard of lately, if it matters.
func (p *publisher) elsewhere(f *Fact, living bool) bool {
	hash := f.hash()
	p.mu.Lock()
	defer p.mu.Unlock()
	for node, v := range p.views {
		got, there := v.fields.all[f.Key]
		if there && got == hash && node != p.n.o.Node && (!living || p.now.Sub(v.beatAt) <= silentAfter) {
			return true
		}
	}
	return false
}
