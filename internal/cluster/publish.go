package cluster

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"usher/internal/logattr"
)

const (
	publishWithin = 5 * time.Second
	leaveWithin   = 300 * time.Millisecond
	resyncEvery   = 5 * time.Second
	maxBeats      = 1000                 // that may come back
	receiptEach   = 3 * time.Millisecond // for each node: all of them together send no more than 333 a second
)

// A publisher publishes in the scope of a link, in one incarnation. One goroutine has it.
type publisher struct {
	*link
	telling   []*message // that are in the publication
	number    uint64     // the last
	receipted uint64     // the last of what others send receipts for
	beatNext  time.Time
	receiptAt time.Time
	resync    *resync
	resynced  time.Time // when the last began
}

// run publishes what changes here, and that this node lives, until ctx ends. It begins once
// the snapshots are read.
func (p *publisher) run(ctx context.Context) {
	defer p.endResync()
	for !p.isLoaded() {
		if !p.rest(ctx, time.Hour) {
			return
		}
	}
	for ctx.Err() == nil {
		p.beginResync(ctx)
		batch := p.compose(ctx)
		if len(batch) == 0 {
			p.rest(ctx, p.untilNext())
			continue
		}
		if !p.send(ctx, batch) {
			return
		}
		p.sent(batch)
	}
	p.leave(ctx)
}

// stopped is what a node says of itself last: nobody has to wait for it.
const stopped = "stopped"

// leave publishes that this node lives no more, when it is stopped; not when it has to give up its
// name. It waits for the engine for a moment.
func (p *publisher) leave(ctx context.Context) {
	if !errors.Is(context.Cause(ctx), context.Canceled) {
		return
	}
	p.endResync()
	p.mu.Lock()
	p.blocked = stopped
	p.mu.Unlock()
	p.beatNext = time.Time{}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveWithin)
	defer cancel()
	_ = p.n.bus.Publish(within, p.scope, p.compose(within)) // else the others find out by its silence
}

// rest waits until there may be something to do; false: ctx has ended.
func (p *publisher) rest(ctx context.Context, atMost time.Duration) bool {
	t := time.NewTimer(atMost)
	defer t.Stop()
	select {
	case <-p.wake:
	case <-t.C:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// untilNext is when something is due without a wake-up.
func (p *publisher) untilNext() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.n.o.Now()
	next := p.beatNext.Sub(now)
	if p.owesLocked() {
		next = min(next, p.receiptAt.Sub(now))
	}
	if p.again.all {
		next = min(next, p.resynced.Add(resyncEvery).Sub(now))
	}
	return max(next, time.Millisecond)
}

// compose makes the next entries: changes, what is published again, and what the node says of
// itself last, so that it is about all before it.
func (p *publisher) compose(ctx context.Context) []Sealed {
	now := p.n.o.Now()
	p.mu.Lock()
	facts := p.out.take()
	mark, empty := p.out.mark, len(p.out.facts) == 0 && !p.again.urgent
	p.mu.Unlock()
	batch := p.seal(nil, facts, now)
	if p.resync != nil {
		p.resync.touch(facts)
		more := p.resync.take(ctx, p, maxFacts-len(facts))
		p.n.o.Seen(Event{What: Resent, N: len(more)})
		batch = p.seal(batch, more, now)
	}
	batch = p.tell(batch, now)
	if empty && p.resync == nil {
		p.mark(mark)
	}
	if r := p.receipt(now); len(r) > 0 {
		batch = p.seal(batch, []Fact{{Kind: KindReceipt, Key: KeyOf(KindReceipt), Body: r.encode()}}, now)
	}
	if !now.Before(p.beatNext) {
		batch = p.beat(batch, now)
	}
	return batch
}

// mark notes that all changes up to a place in the journal have their numbers. Who sends a receipt does so for the last
// that wants one, and what came after it, such as a heartbeat while everything was compared, may never get one.
func (p *publisher) mark(m Mark) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.marked.before(m) {
		p.marked, p.markedBy = m, max(p.receipted, 1) // with nothing before it, the first that comes
	}
}

// seal numbers facts and appends them to a publication. What cannot be sealed is a fault of the
// program, and is left out.
func (p *publisher) seal(batch []Sealed, facts []Fact, now time.Time) []Sealed {
	for _, f := range facts {
		e := Entry{Scope: p.scope, Node: p.n.o.Node, Incarnation: p.n.incarnation, Number: p.number + 1, Time: now,
			Logged: f.Kind.isLogged(), Fact: f}
		s, err := p.n.keys.Seal(&e)
		if err != nil {
			if silent, ok := p.unsealed.Allow(); ok {
				p.n.o.Log.Error("a change cannot be told to the other ushers", logattr.Err(err),
					logattr.NotLogged(silent))
			}
			continue
		}
		p.number++
		if f.Kind.isReceipted() {
			p.receipted = p.number
		}
		batch = append(batch, s)
		p.mu.Lock()
		p.own.keep(&e)
		p.mu.Unlock()
	}
	return batch
}

// beat appends a heartbeat.
func (p *publisher) beat(batch []Sealed, now time.Time) []Sealed {
	o := &p.n.o
	h := heartbeat{Started: p.n.started, Machine: o.Machine, State: o.State,
		Staleness: time.Duration(p.n.staleness.Load()), Usher: o.Usher, Config: *p.n.config.Load(), Cell: o.Cell}
	_, h.Writer = p.n.Writer()
	h.Asked = p.n.askedLately()
	p.mu.Lock()
	h.Own = p.own.sum
	h.Vital = p.vital.sumAt(now)
	h.Outbox, h.Refused = len(p.out.facts), p.blocked
	h.Waits = len(p.missingLocked(p.receipted)) > 0
	for _, node := range slices.Sorted(maps.Keys(p.views)) {
		if p.views[node].wanted() && len(h.Wants) < maxWants {
			h.Wants = append(h.Wants, node)
		}
	}
	p.beats = append(p.beats, sentBeat{p.number + 1, now})
	p.beats = p.beats[max(0, len(p.beats)-maxBeats):]
	p.beatNext = now.Add(beatEvery(h.Staleness, len(p.views)))
	p.mu.Unlock()
	return p.seal(batch, []Fact{{Kind: KindHeartbeat, Key: KeyOf(KindHeartbeat), Body: h.encode()}}, now)
}

// receipt says what the journal here has of what others published, if it is time.
func (p *publisher) receipt(now time.Time) receipt {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Before(p.receiptAt) {
		return nil
	}
	r := receipt{}
	for node, v := range p.views {
		if v.owed && !v.gap && len(r) < maxReceipt {
			r[node] = receiptOf{v.incarnation, max(v.number, v.ofSnapshot)}
			v.owed = false
		}
	}
	if len(r) > 0 {
		p.receiptAt = now.Add(time.Duration(len(p.views)) * receiptEach)
	}
	return r
}

// send publishes until the engine has taken it; false: ctx has ended.
func (p *publisher) send(ctx context.Context, batch []Sealed) bool {
	for tries := 0; ; tries++ {
		within, cancel := context.WithTimeout(ctx, publishWithin)
		err := p.n.bus.Publish(within, p.scope, batch)
		cancel()
		if ctx.Err() != nil {
			return false
		}
		p.setTrouble(err)
		if err == nil {
			return true
		}
		if tries == 0 {
			p.n.o.Log.Warn("what changes here cannot be told to the other ushers", "scope", string(p.scope),
				logattr.Err(err))
		}
		if errors.Is(err, ErrRefused) {
			wait(ctx, time.Second)
		}
		wait(ctx, backoff(tries))
	}
}

func (p *publisher) sent(batch []Sealed) {
	p.told()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.published = batch[len(batch)-1].Number
	p.n.o.Seen(Event{What: Published, N: len(batch)})
	p.signalLocked()
}
