package moderation

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
)

// A pass is one look at one room.
type pass struct {
	*Keeper
	room   string
	all    bool            // everybody who is there, and everybody who is in the ledger
	jids   map[string]bool // those to look at
	strict bool

	rules     *hostRules
	name      RoomName
	epoch     uint64
	has       map[string]Affiliation
	occupants []Occupant
}

// prepare finds out what holds for the room, or nothing: then nothing is done
// there.
func (p *pass) prepare() bool {
	var err error
	p.name, err = ParseRoom(p.room)
	p.rules = p.sessions.policy.Load().byRoom[p.name.Domain]
	if err != nil || p.rules == nil || p.rules.breakout[p.name.Domain] {
		return false
	}
	p.strict, p.epoch = p.rules.Strict, p.sessions.epochOf(p.room)
	return true
}

// run makes the room be as the grants say. It returns the accounts that have
// to be looked at again.
func (p *pass) run(ctx context.Context) (open map[string]bool, err error) {
	if !p.prepare() {
		return nil, nil
	}
	if p.has, err = p.rooms.Affiliations(ctx, p.room); err == nil {
		p.occupants, err = p.rooms.Occupants(ctx, p.room)
	}
	if err != nil {
		p.failed(ctx, err)
		return nil, err
	}
	p.gather()
	open = map[string]bool{}
	for _, jid := range sorted(p.jids) {
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

// gather adds whom nobody asked for.
func (p *pass) gather() {
	for jid, g := range p.sessions.ledgerOf(p.room) {
		if p.all || g.End != "" || !g.Confirmed {
			p.jids[jid] = true
		}
	}
	for _, o := range p.occupants {
		if p.sessions.lobby != nil {
			p.sessions.lobby.CameIn(p.room, o.JID)
		}
		if p.all && strings.HasSuffix(o.JID, "@"+p.rules.Host) {
			p.jids[o.JID] = true
		}
	}
	for jid, a := range p.has {
		if p.strict && a == Owner {
			p.jids[jid] = true
		}
	}
}

// one brings one account to where it belongs.
func (p *pass) one(ctx context.Context, jid string) (again bool, err error) {
	if p.rules.service[jid] || !strings.Contains(jid, "@") {
		return false, nil
	}
	now := p.sessions.now()
	s := situation{has: p.has[jid], onEnd: p.rules.OnExpiry, strict: p.strict}
	if s.has == "" {
		s.has = None
	}
	s.given = p.sessions.given(p.room, jid)
	switch d := p.sessions.standing(p.rules, jid, p.name, now); {
	case d.Allowed && d.Grant != nil:
		s.entitled, s.want, s.grant = true, d.Affiliation, d.Grant.ID
	case d.Listed && d.Affiliation != None:
		s.entitled, s.want, s.lobby = true, d.Affiliation, true
	}
	s.inside = slices.ContainsFunc(p.occupants, func(o Occupant) bool { return o.JID == jid })
	st := next(s, now)
	switch err := p.do(ctx, jid, s, st); {
	case errors.Is(err, errEnded), errors.Is(err, errNotKept):
		return true, nil
	case errors.Is(err, errNotTheRoom):
		return false, nil
	case errors.Is(err, ErrRefused): // an admin by Prosody's configuration is an owner, whatever we say
		p.log.LogAttrs(ctx, slog.LevelDebug, "an affiliation was refused", slog.String("room", clip(p.room)), slog.String("account", clip(jid)), slog.Any("cause", err))
		return false, nil
	case err != nil:
		return false, err
	}
	return p.roleMissing(ctx, jid, s, st)
}

// do makes a step: what is to be given is written down first, what is taken
// back is forgotten afterwards, so that a kill in between loses nothing.
func (p *pass) do(ctx context.Context, jid string, s situation, st step) error {
	sessions := p.sessions
	if st.record != nil {
		st.record.Room, st.record.JID = p.room, jid
		if err := sessions.record(ctx, st.record, p.epoch); err != nil {
			return err
		}
	}
	if st.set != "" {
		err := p.rooms.SetAffiliation(ctx, p.room, jid, st.set)
		sessions.metrics.Affiliation(string(st.set), err == nil)
		if err != nil {
			return err
		}
		p.tell(ctx, jid, s, st)
		p.has[jid] = st.set
		if st.record != nil {
			done := *st.record
			done.Confirmed = true
			if err := sessions.record(ctx, &done, p.epoch); err != nil && !errors.Is(err, errNotKept) {
				return err
			}
		}
	}
	if st.remove {
		if err := p.remove(ctx, jid, s); err != nil {
			return err
		}
	}
	if st.forget {
		sessions.forget(ctx, GivenKey{p.room, jid}, p.epoch)
	}
	return nil
}

// roleMissing reports whether an owner is still not seen as moderator, and
// sets his affiliation again if he is there as something else: his role was
// computed before usher could set it.
func (p *pass) roleMissing(ctx context.Context, jid string, s situation, st step) (bool, error) {
	if !s.entitled || s.want != Owner || p.has[jid] != Owner {
		return false, nil
	}
	if st.set != "" {
		return true, nil // seen the next time
	}
	there := false
	for _, o := range p.occupants {
		if o.JID != jid {
			continue
		}
		if there = true; o.Role != RoleModerator {
			err := p.rooms.SetAffiliation(ctx, p.room, jid, Owner)
			p.sessions.metrics.Affiliation(string(Owner), err == nil)
			return true, err
		}
	}
	return !there, nil
}

// remove takes an account out of the room. Only a moderator who is in the room
// may change a role (Prosody's may_set_role), which a component is not: so the
// account is banned, and the ban lifted at once. It is written down before, so
// that a kill in between leaves nobody banned.
func (p *pass) remove(ctx context.Context, jid string, s situation) error {
	inside := slices.ContainsFunc(p.occupants, func(o Occupant) bool { return o.JID == jid })
	if !inside || s.has == Outcast {
		return nil
	}
	after := None
	if g := s.given; g.Foreign && s.has == g.Affiliation {
		after = s.has
	}
	ban := *s.given
	ban.Room, ban.JID, ban.Affiliation, ban.Foreign, ban.TakenAway, ban.End = p.room, jid, Outcast, false, false, EndRevoked
	if err := p.sessions.record(ctx, &ban, p.epoch); err != nil && !errors.Is(err, errNotKept) {
		return err
	}
	for _, a := range []Affiliation{Outcast, after} {
		if err := p.rooms.SetAffiliation(ctx, p.room, jid, a); err != nil {
			return err
		}
	}
	p.log.LogAttrs(ctx, slog.LevelInfo, "occupant removed", slog.String("room", clip(p.room)), slog.String("account", clip(jid)))
	return nil
}

// tell writes the line of a change. Who made somebody an owner Prosody does
// not say: named are those who could.
func (p *pass) tell(ctx context.Context, jid string, s situation, st step) {
	attrs := []slog.Attr{slog.String("room", clip(p.room)), slog.String("account", clip(jid)), slog.String("affiliation", string(st.set)), slog.String("before", string(s.has))}
	foreign := s.given == nil || s.given.Foreign || s.given.Affiliation != Owner
	if p.strict && s.has == Owner && st.set != Owner && foreign {
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
		if o.JID != jid && (p.has[o.JID] == Owner || p.rules.service[o.JID]) && !slices.Contains(list, clip(o.JID)) && len(list) < 5 {
			list = append(list, clip(o.JID))
		}
	}
	if len(list) == 0 {
		list = append(list, "Prosody itself, as creator of the room")
	}
	return list
}

// failed says what went wrong. A room that has gone takes its ledger along.
func (p *pass) failed(ctx context.Context, err error) {
	switch {
	case errors.Is(err, ErrNoRoom):
		p.sessions.roomGone(ctx, p.room, p.epoch)
	case errors.Is(err, ErrUnreachable), errors.Is(err, ErrForbidden), ctx.Err() != nil: // the component itself says so, once
	default:
		p.log.LogAttrs(ctx, slog.LevelWarn, "a room could not be brought in order; it is tried again", slog.String("room", clip(p.room)), slog.Any("cause", err))
	}
}

func sorted(set map[string]bool) []string {
	list := make([]string, 0, len(set))
	for s := range set {
		list = append(list, s)
	}
	slices.Sort(list)
	return list
}
