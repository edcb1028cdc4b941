package reconcile

import (
	"context"
	"errors"

	"usher/moderation"
	"usher/moderation/sessions"
)

// greetTries is how often a room is read anew because somebody else was at work
// there.
const greetTries = 3

// BeforeJoin makes an account be in a room what its sessions say, as it joins when
// BeforeJoin returns: at the latest when ctx ends. The account may have come in
// without what is not done by then, so that the room is reconciled.
func (k *Keeper) BeforeJoin(ctx context.Context, room, jid string) {
	if k.rooms.Connection() == 0 {
		return
	}
	if k.welcomes.Acquire(ctx, 1) != nil {
		k.Joined(room, jid)
		return
	}
	done := make(chan struct{})
	if !k.group.Go(func(ctx context.Context) {
		defer close(done)
		defer k.welcomes.Release(1)
		if again := k.greet(ctx, room, jid); again {
			k.changed(room, jid)
		}
	}) {
		k.welcomes.Release(1)
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
		k.Joined(room, jid)
	}
}

// greet gives somebody what a session says, and reports whether the room has to be
// looked at for him. The context is the keeper's: whoever waits for it does not end
// it, as nothing is to be left half done.
func (k *Keeper) greet(ctx context.Context, room, jid string) (again bool) {
	ctx, cancel := context.WithTimeout(ctx, runWithin)
	defer cancel()
	p := &pass{Keeper: k, room: room}
	if !p.prepare() {
		return false
	}
	again, err := p.greet(ctx, jid)
	if err != nil {
		p.failed(ctx, err)
	}
	return again
}

// greet is one, but only gives, and so needs not to know who is in the room. It
// asks first and sets then, unlike welcome: somebody who was banned can join as
// often as he likes, and a ban that is lifted for a moment would let him in.
func (p *pass) greet(ctx context.Context, jid string) (again bool, err error) {
	for range greetTries {
		if err := p.readAffiliations(ctx); err != nil {
			return !errors.Is(err, moderation.ErrNoRoom), err
		}
		o, d := p.observe(jid), p.desire(jid)
		if !d.Entitled || d.Lobby {
			return true, nil
		}
		if err := p.apply(ctx, jid, o, moderation.Plan(o, d, p.now())); !errors.Is(err, sessions.ErrMoved) {
			again, err = p.outcome(ctx, jid, err)
			return again || err != nil, err
		}
	}
	return true, nil
}
