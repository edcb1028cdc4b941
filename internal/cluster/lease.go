package cluster

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

const (
	leaseLasts = 10 * time.Second
	renewEvery = 3 * time.Second
)

// A writer is who may change rooms in the cell: the usher whom Prosody asks. The one that has the lease keeps it,
// whether or not it is asked, until another one is asked and it is not. It has one lock, held for a moment.
type writer struct {
	asked   chan struct{} // has place for one
	writes  chan struct{} // likewise
	askedAt atomic.Int64  // since Node.began; 0: never

	mu    sync.Mutex
	lease Lease
	until time.Time // by this node's clock: not later than the engine's
	away  bool      // the engine did not answer the last question
	wrote bool      // as Writer was when it was last looked at
}

// Asked is told that Prosody asked this usher: whom it asks writes for the cell. It waits for
// nothing.
func (n *Node) Asked() {
	lately := n.askedLately()
	n.writer.askedAt.Store(int64(n.o.Now().Sub(n.began)) + 1)
	if lately {
		return
	}
	select {
	case n.writer.asked <- struct{}{}:
	default:
	}
}

// askedFor is for how long one that was asked counts as the one whom Prosody asks: longer than a lease lasts, so that
// it has it when that of another is over.
const askedFor = leaseLasts + renewEvery

// askedLately reports whether Prosody asked this usher a short time ago.
func (n *Node) askedLately() bool {
	at := n.writer.askedAt.Load()
	return at != 0 && n.o.Now().Sub(n.began)-time.Duration(at-1) < askedFor
}

// Writer reports whether this node writes for its cell, and the number of its lease. While the engine does not answer
// the lease cannot be renewed: then the one that had it goes on, as long as Prosody asks it and it is fresh. If another
// one takes it meanwhile, as Prosody asks that, what that one writes wins everywhere.
func (n *Node) Writer() (lease uint64, writes bool) {
	w := &n.writer
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lease.Number, n.writesLocked()
}

func (n *Node) writesLocked() bool {
	w, now := &n.writer, n.o.Now()
	own := w.lease.Holder == n.o.Node
	return own && (now.Before(w.until) || w.away && n.askedLately() && n.Fresh())
}

// Writes has something in it once this node has become the one that writes. It is for one
// reader.
func (n *Node) Writes() <-chan struct{} { return n.writer.writes }

// holdLease keeps the cell's lease for the usher whom Prosody asks, until ctx ends. Others look every few seconds who
// has it.
func (n *Node) holdLease(ctx context.Context) {
	for ctx.Err() == nil {
		t := time.NewTimer(n.askLease(ctx))
		select {
		case <-t.C:
		case <-n.writer.asked:
		case <-ctx.Done():
		}
		t.Stop()
	}
}

// wantsLease reports whether this node is to have the lease: Prosody asks it; or no other, and this node has it: rooms
// may have to be changed though nobody joins.
func (n *Node) wantsLease() bool {
	if n.askedLately() {
		return true
	}
	w := &n.writer
	w.mu.Lock()
	own := w.lease.Holder == n.o.Node
	w.mu.Unlock()
	return own && !n.otherAsked()
}

// otherAsked reports whether Prosody asks another usher of this cell.
func (n *Node) otherAsked() bool {
	l := n.global
	l.mu.Lock()
	defer l.mu.Unlock()
	for node, v := range l.views {
		if node != n.o.Node && v.beat != nil && v.beat.Cell == n.o.Cell && v.beat.Asked && v.livesAt(l.now) {
			return true
		}
	}
	return false
}

// askLease asks once, and returns when to do so again.
func (n *Node) askLease(ctx context.Context) time.Duration {
	w, asked, holder := &n.writer, n.o.Now(), ""
	if n.wantsLease() {
		holder = n.o.Node
	}
	within, cancel := context.WithTimeout(ctx, leaseLasts/2)
	defer cancel()
	got, err := n.bus.Lease(within, n.cell.scope, holder, leaseLasts)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.away = err != nil; !w.away {
		w.lease, w.until = got, asked.Add(got.Left)
	}
	writes := n.writesLocked()
	if writes && !w.wrote {
		n.o.Log.Info("this usher writes for its cell from now on", "cell", n.o.Cell, "lease", w.lease.Number)
		select {
		case w.writes <- struct{}{}:
		default:
		}
	}
	if w.wrote = writes; err != nil {
		return time.Second
	}
	if got.Holder == "" {
		return renewEvery
	}
	return min(renewEvery, max(got.Left, 100*time.Millisecond)) // so that one that is asked has it as soon as it is over
}
