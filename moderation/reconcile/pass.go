package reconcile

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"usher/internal/logattr"
	"usher/moderation"
	"usher/moderation/sessions"
)

// A pass is one look at one room.
type pass struct {
	*Keeper
	room   string
	all    bool            // everybody who is there, and everybody who is in the ledger
	jids   map[string]bool // those to look at
	strict bool

	rules     *moderation.Host
	name      moderation.RoomName
	epoch     uint64
	ledger    map[string]*moderation.Assignment // as it was before the room was read, and what was done since
	has       map[string]moderation.Affiliation
	occupants []moderation.Occupant
}

// prepare finds out what holds for the room, or nothing: then nothing is done
// there.
func (p *pass) prepare() bool {
	var err error
	p.name, err = moderation.ParseRoom(p.room)
	p.rules = p.sessions.Policy().HostOf(p.name.Domain)
	if err != nil || p.rules == nil || p.rules.IsBreakout(p.name.Domain) {
		return false
	}
	p.strict = p.rules.Strict || p.unasked.Strict(p.name.Domain, p.room)
	p.epoch = p.kept.Epoch(p.room)
	return true
}

// run makes the room be as the sessions say. It returns the accounts that have
// to be looked at again.
func (p *pass) run(ctx context.Context) (open map[string]bool, err error) {
	if !p.prepare() {
		return nil, nil
	}
	if err := p.read(ctx); err != nil {
		p.failed(ctx, err)
		return nil, err
	}
	p.gather()
	open = map[string]bool{}
	for _, jid := range slices.Sorted(maps.Keys(p.jids)) {
		again, err := p.one(ctx, jid)
		if err != nil {
			p.failed(ctx, err)
			return nil, err
		}
		open[jid] = again
	}
	if err := p.closeRoom(ctx); err != nil {
		p.failed(ctx, err)
		return nil, err
	}
	return open, nil
}

// read finds out what the room says now.
func (p *pass) read(ctx context.Context) (err error) {
	if err = p.readAffiliations(ctx); err == nil {
		p.occupants, err = p.rooms.Occupants(ctx, p.room)
	}
	if err == nil {
		p.unasked.Saw(ctx, p.name.Domain, p.room, p.occupants)
	}
	return err
}

// readAffiliations also notes what the ledger said before: what somebody else
// gives meanwhile the room seems not to have, and would count as taken away.
func (p *pass) readAffiliations(ctx context.Context) (err error) {
	p.ledger = p.kept.Assignments(p.room)
	p.has, err = p.rooms.Affiliations(ctx, p.room)
	return err
}

// gather adds whom nobody asked for.
func (p *pass) gather() {
	for jid, g := range p.ledger {
		if p.all || g.End != "" || !g.Confirmed {
			p.jids[jid] = true
		}
	}
	for _, o := range p.occupants {
		if p.lobby != nil {
			p.lobby.CameIn(p.room, o.JID)
		}
		if p.all && strings.HasSuffix(o.JID, "@"+p.rules.Host) {
			p.jids[o.JID] = true
		}
	}
	for jid, a := range p.has {
		if p.strict && a == moderation.Owner {
			p.jids[jid] = true
		}
	}
}

// one brings one account to where it belongs.
func (p *pass) one(ctx context.Context, jid string) (again bool, err error) {
	if p.rules.IsService(jid) || !strings.Contains(jid, "@") {
		return false, nil
	}
	o, d := p.observe(jid), p.desire(jid)
	a := moderation.Plan(o, d, p.now())
	if err := p.apply(ctx, jid, o, a); err != nil {
		return p.outcome(ctx, jid, err)
	}
	return p.roleMissing(ctx, jid, d, a)
}

// given is what an account was given in the room, or nil.
func (p *pass) given(jid string) *moderation.Assignment {
	return p.kept.Assignment(moderation.AssignmentKey{Room: p.room, JID: jid})
}

// observe says what there is of an account, by what was read of the room.
func (p *pass) observe(jid string) moderation.Observed {
	return moderation.Observed{
		Has:        cmp.Or(p.has[jid], moderation.None),
		Assignment: p.given(jid),
		Inside:     slices.ContainsFunc(p.occupants, func(o moderation.Occupant) bool { return o.JID == jid }),
	}
}

// desire says what an account is to be to the room.
func (p *pass) desire(jid string) moderation.Desired {
	d := moderation.Desired{OnExpiry: p.rules.OnExpiry, Strict: p.strict}
	switch by := p.rules.Standing(p.sessions.View(p.rules, jid, p.name)); {
	case by.Allowed && by.Session != nil:
		d.Entitled, d.Affiliation, d.Session = true, by.Affiliation, by.Session.ID
	case by.Listed && by.Affiliation != moderation.None:
		d.Entitled, d.Affiliation, d.Lobby = true, by.Affiliation, true
	}
	return d
}

// outcome says what comes of an error of apply: whether the account has to be looked
// at again, or the error of the whole pass.
func (p *pass) outcome(ctx context.Context, jid string, err error) (again bool, _ error) {
	switch {
	case errors.Is(err, sessions.ErrEnded), errors.Is(err, sessions.ErrNotKept), errors.Is(err, sessions.ErrMoved):
		return true, nil
	case errors.Is(err, sessions.ErrNotTheRoom):
		return false, nil
	case errors.Is(err, moderation.ErrRefused): // an admin by Prosody's configuration is an owner, whatever we say
		p.log.LogAttrs(ctx, slog.LevelDebug, "an affiliation was refused", logattr.Room(p.room), logattr.Account(jid), logattr.Err(err))
		return false, nil
	}
	return false, err
}

// roleMissing reports whether an owner is still not seen as moderator, and
// sets his affiliation again if he is there as something else: his role was
// computed before usher could set it.
func (p *pass) roleMissing(ctx context.Context, jid string, d moderation.Desired, a moderation.Action) (bool, error) {
	if !d.Entitled || d.Affiliation != moderation.Owner || p.has[jid] != moderation.Owner {
		return false, nil
	}
	if a.Set != "" {
		return true, nil // seen the next time
	}
	there := false
	for _, o := range p.occupants {
		if o.JID != jid {
			continue
		}
		if there = true; o.Role != moderation.RoleModerator {
			err := p.rooms.SetAffiliation(ctx, p.room, jid, moderation.Owner)
			p.metrics.Affiliation(string(moderation.Owner), err == nil)
			return true, err
		}
	}
	return !there, nil
}

// failed says what went wrong. A room that has gone takes its ledger along.
func (p *pass) failed(ctx context.Context, err error) {
	switch {
	case errors.Is(err, moderation.ErrNoRoom):
		p.unasked.Gone(p.name.Domain, p.room)
		p.kept.Gone(ctx, p.room, p.epoch)
	case errors.Is(err, moderation.ErrUnreachable), errors.Is(err, moderation.ErrForbidden), ctx.Err() != nil: // the component itself says so, once
	default:
		p.log.LogAttrs(ctx, slog.LevelWarn, "a room could not be brought in order; it is tried again", logattr.Room(p.room), logattr.Err(err))
	}
}
