package reconcile

import (
	"context"
	"errors"

	"usher/moderation"
	"usher/moderation/sessions"
)

// preJoinTries is how often a room is read anew because another part of usher was at
// work there.
const preJoinTries = 3

// BeforeJoin makes an account be in a room what its sessions say, as it joins when
// BeforeJoin returns: at the latest when ctx ends. The account may have come in
// without what is not done by then, so that the room is reconciled.
func (r *Reconciler) BeforeJoin(ctx context.Context, room, jid string) {
	if r.rooms.Connection() == 0 {
		return
	}
	if r.grants.Acquire(ctx, 1) != nil {
		r.Joined(room, jid)
		return
	}
	done := make(chan struct{})
	if !r.group.Go(func(ctx context.Context) {
		defer close(done)
		defer r.grants.Release(1)
		if again := r.preJoin(ctx, room, jid); again {
			r.soon(room, jid)
		}
	}) {
		r.grants.Release(1)
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
		r.Joined(room, jid)
	}
}

// preJoin gives an account what a session says, and reports whether the room has to be
// reconciled for it. The context is the reconciler's: the join that waits for this does
// not end it, as nothing is to be left half done.
func (r *Reconciler) preJoin(ctx context.Context, room, jid string) (again bool) {
	ctx, cancel := context.WithTimeout(ctx, runWithin)
	defer cancel()
	g := single{r.over(room), jid}
	if !g.prepare() {
		return false
	}
	again, err := g.preJoin(ctx)
	if err != nil {
		g.failed(ctx, err)
	}
	return again
}

// preJoin is [run.account], but only gives, and so needs not to know who is in the room.
// It asks first and sets then, unlike grantAtLogin: an account that was banned can join
// as often as it likes, and a ban that is lifted for a moment would let it in.
func (g single) preJoin(ctx context.Context) (again bool, err error) {
	for range preJoinTries {
		if err := g.readAffiliations(ctx); err != nil {
			return !errors.Is(err, moderation.ErrNoRoom), err
		}
		o := g.observed(g.jid)
		d := g.desired(g.jid, o.Assignment)
		if !d.Entitled || d.Lobby && !g.host.Relay {
			return true, nil
		}
		if err := g.apply(ctx, g.jid, o, moderation.Plan(o, d, g.now())); !errors.Is(err, sessions.ErrMoved) {
			again, err = g.tolerate(ctx, g.jid, err)
			return again || err != nil, err
		}
	}
	return true, nil
}
