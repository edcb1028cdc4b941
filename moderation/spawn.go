package moderation

import "context"

// begin has what is started from now on belong to Run.
func (k *Keeper) begin(ctx context.Context) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ctx = ctx
}

// finish waits for all that was started. Nothing is started any more, so that
// nobody changes a room, or the state, once Run has returned.
func (k *Keeper) finish() {
	k.mu.Lock()
	k.ctx = nil
	k.mu.Unlock()
	k.work.Wait()
}

// spawn runs something beside the looks at rooms. It belongs to Run: its context
// ends with that of Run, which waits for it. While Run does not run nothing is
// started; what was left out is found by the next look at the room.
func (k *Keeper) spawn(do func(context.Context)) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ctx == nil || k.ctx.Err() != nil {
		return false
	}
	ctx := k.ctx
	k.work.Go(func() { do(ctx) })
	return true
}
