package moderation

import (
	"cmp"
	"context"
)

// maxWelcomes bounds the logins for which rooms are asked at the same time.
const maxWelcomes = 32

// welcome makes a member of somebody who has just logged in, in a room that only
// lets members in: his join follows at once, and his role is computed before
// anybody is asked about it. It does not wait for its turn among the rooms that
// are looked at. What it does not do is done by the look at the room that
// follows.
func (k *Keeper) welcome(room, jid string) {
	select {
	case k.welcomes <- struct{}{}:
	default:
		k.urgent(room, jid)
		return
	}
	go func() {
		defer func() { <-k.welcomes }()
		ctx, cancel := context.WithTimeout(context.Background(), passWithin)
		defer cancel()
		p := &pass{Keeper: k, room: room}
		if p.prepare() {
			if err := p.welcome(ctx, jid); err != nil {
				p.failed(ctx, err)
			}
		}
		k.changed(room, jid)
	}()
}

// welcome sets at once what somebody is who was never seen in the room, and
// asks in the same breath, but before, what he was. If that was more, or a ban,
// it is put back.
func (p *pass) welcome(ctx context.Context, jid string) error {
	s := p.sessions
	d := s.standing(p.rules, jid, p.name, s.now())
	if !d.Allowed || d.Grant == nil || d.Affiliation == None || s.given(p.room, jid) != nil {
		return nil
	}
	var err error
	if p.has, err = p.rooms.ReadAndSet(ctx, p.room, jid, d.Affiliation); err != nil {
		return err
	}
	s.metrics.Affiliation(string(d.Affiliation), true)
	has := cmp.Or(p.has[jid], None)
	if has == Outcast || has.rank() > d.Affiliation.rank() {
		if err := p.rooms.SetAffiliation(ctx, p.room, jid, has); err != nil {
			return err
		}
		_, err := p.one(ctx, jid) // remembers it as not ours
		return err
	}
	g := &Given{Room: p.room, JID: jid, Affiliation: d.Affiliation, Grant: d.Grant.ID, At: s.now(), Confirmed: true}
	if err := s.record(ctx, g, p.epoch); err != nil {
		return p.rooms.SetAffiliation(ctx, p.room, jid, has)
	}
	return nil
}
