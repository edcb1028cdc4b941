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
	resyncEvery   = 5 * time.Second
	maxBeats      = 1000                 // that may come back
	receiptEach   = 3 * time.Millisecond // for each node: all of them together send no more than 333 a second
)

// publish publishes what changes here, and that this node lives, until ctx ends. It begins once
// the snapshots are read.
func (l *link) publish(ctx context.Context) {
	defer l.endResync()
	for !l.isLoaded() {
		if !l.rest(ctx, time.Hour) {
			return
		}
	}
	for ctx.Err() == nil {
		l.beginResync(ctx)
		batch := l.compose(ctx)
		if len(batch) == 0 {
			l.rest(ctx, l.untilNext())
			continue
		}
		if !l.send(ctx, batch) {
			return
		}
		l.sent(batch)
	}
}

func (l *link) isLoaded() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.loaded
}

// rest waits until there may be something to do; false: ctx has ended.
func (l *link) rest(ctx context.Context, atMost time.Duration) bool {
	t := time.NewTimer(atMost)
	defer t.Stop()
	select {
	case <-l.wake:
	case <-t.C:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// untilNext is when something is due without anybody's waking.
func (l *link) untilNext() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.n.o.Now()
	next := l.beatNext.Sub(now)
	if l.owesLocked() {
		next = min(next, l.receiptAt.Sub(now))
	}
	if l.again.all {
		next = min(next, l.resynced.Add(resyncEvery).Sub(now))
	}
	return max(next, time.Millisecond)
}

// compose makes the next entries: changes, what is published again, and what the node says of
// itself last, so that it is about all before it.
func (l *link) compose(ctx context.Context) []Sealed {
	now := l.n.o.Now()
	l.mu.Lock()
	facts := l.out.take()
	mark, empty := l.out.mark, len(l.out.facts) == 0 && !l.again.urgent
	l.mu.Unlock()
	batch := l.seal(nil, facts, now)
	if l.resync != nil {
		l.resync.touch(facts)
		more := l.resync.take(ctx, l, maxFacts-len(facts))
		l.n.o.Seen(Event{What: Resent, N: len(more)})
		batch = l.seal(batch, more, now)
	}
	batch = l.tell(batch, now)
	if empty && l.resync == nil {
		l.mark(mark)
	}
	if r := l.receipt(now); len(r) > 0 {
		batch = l.seal(batch, []Fact{{Kind: KindReceipt, Key: KeyOf(KindReceipt), Body: r.encode()}}, now)
	}
	if !now.Before(l.beatNext) {
		batch = l.beat(batch, now)
	}
	return batch
}

// mark notes that all changes up to a place in the journal have their numbers.
func (l *link) mark(m Mark) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.marked.before(m) {
		l.marked, l.markedBy = m, max(l.number, 1) // with nothing before it, the first that comes
	}
}

// seal numbers facts and appends them to a publication. What cannot be sealed is a fault of the
// program, and is left out.
func (l *link) seal(batch []Sealed, facts []Fact, now time.Time) []Sealed {
	for _, f := range facts {
		e := Entry{Scope: l.scope, Node: l.n.o.Node, Incarnation: l.n.incarnation, Number: l.number + 1, Time: now,
			Logged: f.Kind.isLogged(), Fact: f}
		s, err := l.n.keys.Seal(&e)
		if err != nil {
			if silent, ok := l.unsealed.Allow(); ok {
				l.n.o.Log.Error("a change cannot be told to the other ushers", logattr.Err(err), logattr.NotLogged(silent))
			}
			continue
		}
		l.number++
		batch = append(batch, s)
		l.mu.Lock()
		l.own.keep(&e)
		l.mu.Unlock()
	}
	return batch
}

// beat appends a heartbeat.
func (l *link) beat(batch []Sealed, now time.Time) []Sealed {
	o := &l.n.o
	h := heartbeat{Started: l.n.started, Machine: o.Machine, State: o.State,
		Staleness: time.Duration(l.n.staleness.Load()), Usher: o.Usher, Config: *l.n.config.Load(), Cell: o.Cell}
	_, h.Writer = l.n.Writer()
	h.Asked = l.n.askedLately()
	l.mu.Lock()
	h.Own = l.own.sum
	h.Vital = l.vital.sumAt(now)
	h.Outbox, h.Refused = len(l.out.facts), l.blocked
	for _, node := range slices.Sorted(maps.Keys(l.views)) {
		if l.views[node].wanted() && len(h.Wants) < maxWants {
			h.Wants = append(h.Wants, node)
		}
	}
	l.beats = append(l.beats, sentBeat{l.number + 1, now})
	l.beats = l.beats[max(0, len(l.beats)-maxBeats):]
	l.beatNext = now.Add(beatEvery(h.Staleness, len(l.views)))
	l.mu.Unlock()
	return l.seal(batch, []Fact{{Kind: KindHeartbeat, Key: KeyOf(KindHeartbeat), Body: h.encode()}}, now)
}

// owesLocked reports whether somebody may wait for a receipt that can be given.
func (l *link) owesLocked() bool {
	for _, v := range l.views {
		if v.owed && !v.gap {
			return true
		}
	}
	return false
}

// receipt says what the journal here has of what others published, if it is time.
func (l *link) receipt(now time.Time) receipt {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Before(l.receiptAt) {
		return nil
	}
	r := receipt{}
	for node, v := range l.views {
		if v.owed && !v.gap && len(r) < maxReceipt {
			r[node] = receiptOf{v.incarnation, v.number}
			v.owed = false
		}
	}
	if len(r) > 0 {
		l.receiptAt = now.Add(time.Duration(len(l.views)) * receiptEach)
	}
	return r
}

// send publishes until the engine has taken it; false: ctx has ended.
func (l *link) send(ctx context.Context, batch []Sealed) bool {
	for tries := 0; ; tries++ {
		within, cancel := context.WithTimeout(ctx, publishWithin)
		err := l.n.bus.Publish(within, l.scope, batch)
		cancel()
		if ctx.Err() != nil {
			return false
		}
		l.setTrouble(err)
		if err == nil {
			return true
		}
		if tries == 0 {
			l.n.o.Log.Warn("what changes here cannot be told to the other ushers", "scope", string(l.scope), logattr.Err(err))
		}
		if errors.Is(err, ErrRefused) {
			wait(ctx, time.Second)
		}
		wait(ctx, backoff(tries))
	}
}

func (l *link) sent(batch []Sealed) {
	l.told()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.published = batch[len(batch)-1].Number
	l.n.o.Seen(Event{What: Published, N: len(batch)})
	l.signalLocked()
}
