package cluster

import (
	"context"
	"sync"
	"time"
)

const (
	leaseLasts = 10 * time.Second
	renewEvery = 3 * time.Second // while Prosody asks
)

// A writer is who may change rooms in the cell. It has one lock, held for a moment.
type writer struct {
	asked  chan struct{}
	writes chan struct{} // has place for one

	mu    sync.Mutex
	lease Lease
	until time.Time // by this node's clock: not later than the engine's
	again bool      // it was another's, and is asked for once more when that is over
}

// Asked is told that Prosody asked this usher: whom it asks writes for the cell. It waits for
// nothing.
func (n *Node) Asked() {
	select {
	case n.writer.asked <- struct{}{}:
	default:
	}
}

// Writer reports whether this node writes for its cell, and the number of its lease.
func (n *Node) Writer() (lease uint64, writes bool) {
	w := &n.writer
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lease.Number, w.lease.Holder == n.o.Node && n.o.Now().Before(w.until)
}

// Writes has something in it once this node has become the one that writes. It is for one
// reader.
func (n *Node) Writes() <-chan struct{} { return n.writer.writes }

// holdLease asks for the cell's lease while Prosody asks this usher, until ctx ends.
func (n *Node) holdLease(ctx context.Context) {
	for {
		select {
		case <-n.writer.asked:
		case <-ctx.Done():
			return
		}
		wait(ctx, n.askLease(ctx))
	}
}

// askLease asks once, and returns when to do so again.
func (n *Node) askLease(ctx context.Context) time.Duration {
	w, asked := &n.writer, n.o.Now()
	within, cancel := context.WithTimeout(ctx, leaseLasts/2)
	defer cancel()
	got, err := n.bus.Lease(within, n.cell.scope, n.o.Node, leaseLasts)
	if err != nil {
		n.Asked() // Prosody may not ask again soon
		return time.Second
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if got.Holder == n.o.Node && got.Number != w.lease.Number {
		n.o.Log.Info("this usher writes for its cell from now on", "cell", n.o.Cell, "lease", got.Number)
		select {
		case w.writes <- struct{}{}:
		default:
		}
	}
	w.lease, w.until = got, asked.Add(got.Left)
	if got.Holder == n.o.Node {
		w.again = false
		return renewEvery
	}
	if w.again = !w.again; w.again {
		n.Asked()
	}
	return max(got.Left, 100*time.Millisecond)
}
