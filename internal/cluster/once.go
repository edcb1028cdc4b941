package cluster

import (
	"context"
	"time"
)

// Once reports whether a name, of at most [MaxField] bytes, is given for the first time within ttl by any node. It asks
// the engine: an error means that it cannot be told.
func (n *Node) Once(ctx context.Context, name string, ttl time.Duration) (first bool, err error) {
	return n.bus.Once(ctx, Global, name, ttl)
}
