package reconcile

import (
	"context"
	"testing"
)

// Attend lets a reconciler do what it is asked to, while it runs over no room by itself.
func (r *Reconciler) Attend(t testing.TB) {
	ctx, cancel := context.WithCancel(t.Context())
	r.group.Open(ctx)
	t.Cleanup(func() { cancel(); r.group.Close() })
}
