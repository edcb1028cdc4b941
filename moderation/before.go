package moderation

import (
	"context"
	"errors"
)

// BeforeJoin is told that a user, by his bare JID, is about to join a room, by
// its bare JID as his client wrote it; Prosody is told when it returns. His role
// is computed as he comes in, so by then he is to the room what his token says,
// or will be when Prosody makes the room. It refuses nobody: that is for the
// question that follows. It returns when that is done, or when ctx ends; then it
// is done meanwhile.
func (m *Service) BeforeJoin(ctx context.Context, user, room string) {
	name, h, err := m.sessions.policy.Load().find(room)
	if err != nil || h.breakout[name.Domain] {
		return
	}
	now := m.now()
	m.unasked.Hear(name.Domain, name.JID)
	d := m.sessions.standing(h, user, name, now)
	if !d.Allowed || d.Grant == nil || d.Affiliation == None {
		return
	}
	if d.Grant.wild() { // the others are found by the room's name
		m.arrivals.add(name.JID, accountKey{d.Grant.Host, d.Grant.Account}, now)
	}
	if m.sessions.isThere(name.JID) && !m.sessions.given(name.JID, user).leavesNothingFor(d) {
		m.effects.BeforeJoin(ctx, name.JID, user)
	}
}

func (s *Sessions) isThere(room string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.rooms[room] != nil
}

// leavesNothingFor reports whether, by what the ledger says, nothing is to be set
// in the room before somebody joins it.
func (g *Given) leavesNothingFor(d Decision) bool {
	switch {
	case g == nil, g.End != "":
		return false
	case g.TakenAway:
		return g.Grant == d.Grant.ID
	case g.Foreign:
		return g.Confirmed && g.Affiliation.rank() >= d.Affiliation.rank()
	}
	return g.Confirmed && g.Affiliation == d.Affiliation
}

// greetTries is how often a room is read anew because somebody else was at work
// there.
const greetTries = 3

// receive has somebody greeted who joins when it returns, at the latest when ctx
// ends. He may have come in without what is not done by then, so that the room is
// looked at.
func (k *Keeper) receive(ctx context.Context, room, jid string) {
	if k.rooms.Connection() == 0 {
		return
	}
	select {
	case k.welcomes <- struct{}{}:
	case <-ctx.Done():
		k.joined(room, jid)
		return
	}
	done := make(chan struct{})
	if !k.group.Go(func(ctx context.Context) {
		defer close(done)
		defer func() { <-k.welcomes }()
		if again := k.greet(ctx, room, jid); again {
			k.changed(room, jid)
		}
	}) {
		<-k.welcomes
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
		k.joined(room, jid)
	}
}

// greet gives somebody what a grant says, and reports whether the room has to be
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
			return !errors.Is(err, ErrNoRoom), err
		}
		o, d := p.observe(jid), p.desire(jid)
		if !d.Entitled || d.Lobby {
			return true, nil
		}
		if err := p.apply(ctx, jid, o, Plan(o, d, p.sessions.now())); !errors.Is(err, errMoved) {
			again, err = p.outcome(ctx, jid, err)
			return again || err != nil, err
		}
	}
	return true, nil
}
