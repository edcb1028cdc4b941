package reconcile

import (
	"context"
	"testing"
)

// Attend lets a keeper do what it is asked to, while it reconciles no room by itself.
func (k *Keeper) Attend(t testing.TB) {
	ctx, cancel := context.WithCancel(t.Context())
	k.group.Open(ctx)
	t.Cleanup(func() { cancel(); k.group.Close() })
}
