package moderation

import (
	"context"
	"testing"
)

// Attend lets a keeper do what it is asked to, while it looks at no room by itself.
func (k *Keeper) Attend(t testing.TB) {
	ctx, cancel := context.WithCancel(t.Context())
	k.begin(ctx)
	t.Cleanup(func() { cancel(); k.finish() })
}
