package reconcile

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"usher/moderation"
	"usher/moderation/sessions"
)

// The bounds of what is done at the same time: rooms that are asked, and logins
// for which rooms are looked for.
const (
	maxWelcomes = 32
	maxSearches = 8
)

// welcomeEverywhere is welcome in the running rooms that a token opens without
// naming them, but for those that were seen to. The login does not wait for the
// search. At the bound it is left out; the join then wants a second try.
func (k *Keeper) welcomeEverywhere(h *moderation.Host, g *moderation.Session, but []string) {
	if !k.searches.TryAcquire(1) {
		return
	}
	started := k.group.Go(func(context.Context) {
		defer k.searches.Release(1)
		for _, room := range k.kept.OpenedBy(h, g) {
			if !slices.Contains(but, room) {
				k.welcome(room, g.JID())
			}
		}
	})
	if !started {
		k.searches.Release(1)
	}
}

// welcome makes a member of somebody who has just logged in, in a room that only
// lets members in: his join follows at once, and his role is computed before
// anybody is asked about it. It does not wait for its turn among the rooms that
// are looked at. What it does not do is done by the look at the room that
// follows.
func (k *Keeper) welcome(room, jid string) {
	if !k.welcomes.TryAcquire(1) {
		k.Urgent(room, jid)
		return
	}
	started := k.group.Go(func(ctx context.Context) {
		defer k.welcomes.Release(1)
		ctx, cancel := context.WithTimeout(ctx, runWithin)
		defer cancel()
		p := &pass{Keeper: k, room: room}
		if !p.prepare() {
			return
		}
		done, err := p.welcome(ctx, jid)
		if err != nil {
			p.failed(ctx, err)
		}
		if done {
			k.changed(room, jid)
		} else {
			k.Urgent(room, jid)
		}
	})
	if !started {
		k.welcomes.Release(1)
	}
}

// welcome sets at once what somebody is who was never seen in the room, and
// asks in the same breath, but before, what he was. If that was more, or a ban,
// it is put back. It reports whether the room may wait for its turn now.
func (p *pass) welcome(ctx context.Context, jid string) (done bool, err error) {
	d := p.rules.Standing(p.sessions.View(p.rules, jid, p.name))
	if !d.Allowed || d.Session == nil || d.Affiliation == moderation.None {
		return true, nil
	}
	if g := p.given(jid); g != nil {
		return g.Confirmed && g.Affiliation.Rank() >= d.Affiliation.Rank(), nil
	}
	g := &moderation.Assignment{Room: p.room, JID: jid, Affiliation: d.Affiliation, Session: d.Session.ID, At: p.now()}
	if err := p.kept.Note(g, nil, p.epoch); err != nil { // it is written afterwards: his join is on its way
		again, err := p.outcome(ctx, jid, err)
		return !again, err
	}
	p.ledger = map[string]*moderation.Assignment{jid: g}
	if p.has, err = p.rooms.ReadAndSet(ctx, p.room, jid, d.Affiliation); err != nil {
		_ = p.record(ctx, g) // it may have been done all the same: the next start has to know
		return true, err
	}
	p.metrics.Affiliation(string(d.Affiliation), true)
	has := cmp.Or(p.has[jid], moderation.None)
	if has == moderation.Outcast || has.Rank() > d.Affiliation.Rank() {
		return true, p.unwelcome(ctx, g, has)
	}
	err = p.confirm(ctx, g, has)
	if errors.Is(err, sessions.ErrNotKept) {
		_ = p.kept.Drop(ctx, g.Key(), p.ledger[jid], p.epoch)
		p.putBack(ctx, g, has)
	}
	_, err = p.outcome(ctx, jid, err)
	return true, err
}

// unwelcome leaves somebody what he was, and remembers it as not ours.
func (p *pass) unwelcome(ctx context.Context, g *moderation.Assignment, has moderation.Affiliation) error {
	if err := p.rooms.SetAffiliation(ctx, p.room, g.JID, has); err != nil {
		return err
	}
	if has == moderation.Outcast { // a ban is the room's own affair
		_, err := p.outcome(ctx, g.JID, p.kept.Drop(ctx, g.Key(), g, p.epoch))
		return err
	}
	_, err := p.one(ctx, g.JID)
	return err
}
