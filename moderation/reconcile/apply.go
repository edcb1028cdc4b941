package reconcile

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"usher/internal/logattr"
	"usher/internal/text"
	"usher/moderation"
	"usher/moderation/sessions"
)

// apply does what a plan says: what is to be given is written down first, what is
// taken back is forgotten afterwards, so that a kill in between loses nothing.
func (p *pass) apply(ctx context.Context, jid string, o moderation.Observed, a moderation.Action) error {
	if a.Record != nil {
		a.Record.Room, a.Record.JID = p.room, jid
		if err := p.record(ctx, a.Record); err != nil {
			return err
		}
	}
	if a.Set != "" {
		if err := p.set(ctx, jid, o, a); err != nil {
			return err
		}
	}
	if a.Remove {
		if err := p.remove(ctx, jid, o); err != nil {
			return err
		}
	}
	if a.Forget {
		return p.kept.Drop(ctx, moderation.AssignmentKey{Room: p.room, JID: jid}, p.ledger[jid], p.epoch)
	}
	return nil
}

// record has the ledger say something else of an account than when the room was
// read.
func (p *pass) record(ctx context.Context, g *moderation.Assignment) error {
	err := p.kept.Put(ctx, g, p.ledger[g.JID], p.epoch)
	if err == nil || errors.Is(err, sessions.ErrNotKept) {
		p.ledger[g.JID] = g
	}
	return err
}

// set sets an affiliation, and confirms what the ledger says of it.
func (p *pass) set(ctx context.Context, jid string, o moderation.Observed, a moderation.Action) error {
	done := p.setting.begin(moderation.AssignmentKey{Room: p.room, JID: jid})
	err := p.rooms.SetAffiliation(ctx, p.room, jid, a.Set)
	done()
	p.metrics.Affiliation(string(a.Set), err == nil)
	if err != nil {
		return err
	}
	p.tell(ctx, jid, o, a)
	p.has[jid] = a.Set
	if a.Record == nil {
		return nil
	}
	if err := p.confirm(ctx, a.Record, o.Has); !errors.Is(err, sessions.ErrNotKept) {
		return err
	}
	return nil // what was written before is enough
}

// confirm has the ledger say that the room has what it says. Before, the account
// was something else.
func (p *pass) confirm(ctx context.Context, g *moderation.Assignment, before moderation.Affiliation) error {
	done := *g
	done.Confirmed, done.At = true, p.now()
	err := p.record(ctx, &done)
	if errors.Is(err, sessions.ErrEnded) || errors.Is(err, sessions.ErrNotTheRoom) {
		p.putBack(ctx, g, before)
	}
	return err
}

// putBack is for what was given in the very moment in which the session ended, or
// the room was made anew. Whoever saw to that may have done so before it was
// set, and nobody would take it back; nor would he what is written nowhere.
func (p *pass) putBack(ctx context.Context, g *moderation.Assignment, before moderation.Affiliation) {
	if before == moderation.Outcast { // ours, or it would not have been touched
		before = moderation.None
	}
	if g.Affiliation.Rank() > before.Rank() && p.rooms.SetAffiliation(ctx, p.room, g.JID, before) == nil {
		p.has[g.JID] = before
	}
	p.changed(p.room, g.JID)
}

// remove takes an account out of the room. Only a moderator who is in the room
// may change a role (Prosody's may_set_role), which a component is not: so the
// account is banned, and the ban lifted at once. It is written down before, so
// that a kill in between leaves nobody banned.
func (p *pass) remove(ctx context.Context, jid string, o moderation.Observed) error {
	if !o.Inside || o.Has == moderation.Outcast {
		return nil
	}
	after := moderation.None
	if g := o.Assignment; g.External && o.Has == g.Affiliation {
		after = o.Has
	}
	ban := *o.Assignment
	ban.Room, ban.JID, ban.Affiliation, ban.External, ban.Overridden, ban.End = p.room, jid, moderation.Outcast, false, false, moderation.EndRevoked
	if err := p.record(ctx, &ban); err != nil && !errors.Is(err, sessions.ErrNotKept) {
		return err
	}
	for _, a := range []moderation.Affiliation{moderation.Outcast, after} {
		if err := p.rooms.SetAffiliation(ctx, p.room, jid, a); err != nil {
			return err
		}
	}
	p.log.LogAttrs(ctx, slog.LevelInfo, "occupant removed", logattr.Room(p.room), logattr.Account(jid))
	return nil
}

// tell writes the line of a change. Who made somebody an owner Prosody does
// not say: named are those who could.
func (p *pass) tell(ctx context.Context, jid string, o moderation.Observed, a moderation.Action) {
	attrs := []slog.Attr{logattr.Room(p.room), logattr.Account(jid),
		slog.String("affiliation", string(a.Set)), slog.String("before", string(o.Has))}
	foreign := o.Assignment == nil || o.Assignment.External || o.Assignment.Affiliation != moderation.Owner
	if p.strict && o.Has == moderation.Owner && a.Set != moderation.Owner && foreign {
		p.log.LogAttrs(ctx, slog.LevelWarn, "an owner that no token made was demoted (moderation.strict)",
			append(attrs, slog.Any("made_by_one_of", p.suspects(jid)))...)
		return
	}
	p.log.LogAttrs(ctx, slog.LevelInfo, "affiliation set", attrs...)
}

// suspects are the other owners who are in the room, and those service
// accounts that always are: jicofo's enable-auto-owner is the usual one.
func (p *pass) suspects(jid string) []string {
	list := []string{}
	for _, o := range p.occupants {
		if o.JID != jid && (p.has[o.JID] == moderation.Owner || p.rules.IsService(o.JID)) && !slices.Contains(list, text.Name(o.JID)) && len(list) < 5 {
			list = append(list, text.Name(o.JID))
		}
	}
	if len(list) == 0 {
		list = append(list, "Prosody itself, as creator of the room")
	}
	return list
}
