package membership

import (
	"context"

	"usher/internal/cluster"
	"usher/moderation/component"
)

// Writing is the component of an usher among several: only the one whom Prosody asks changes rooms.
type Writing struct {
	*component.Client
	node      *cluster.Node
	connected chan struct{}
}

// Writing returns the component that changes rooms while this usher is the one whom Prosody asks.
func (m *Member) Writing(c *component.Client) *Writing {
	return &Writing{c, m.node, make(chan struct{}, 1)}
}

// Connection is none while another usher writes.
func (w *Writing) Connection() uint64 {
	if _, writes := w.node.Writer(); !writes {
		return 0
	}
	return w.Client.Connection()
}

// Connected has a value each time the rooms become reachable, or this usher the one that writes.
func (w *Writing) Connected() <-chan struct{} { return w.connected }

// Run hands on when the rooms become reachable.
func (w *Writing) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.node.Writes():
		case <-w.Client.Connected():
		}
		select {
		case w.connected <- struct{}{}:
		default:
		}
	}
}
