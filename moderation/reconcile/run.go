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

// A run is over one room, once.
type run struct {
	*Reconciler
	room     string
	everyone bool            // all who are in the room, and all who were given something there
	accounts map[string]bool // that are seen to

	host   *moderation.Host // whose room it is
	name   moderation.RoomName
	epoch  uint64
	strict bool // owners that no token made are demoted

	demoted demotions // may be about to come in

	// Of the room, by account. Assignments are as they were before the room was read,
	// and what was done since.
	assignments map[string]*moderation.Assignment
	has         map[string]moderation.Affiliation
	occupants   []moderation.Occupant
}

func (r *Reconciler) over(room string) *run {
	return &run{Reconciler: r, room: room, accounts: map[string]bool{}, demoted: demotions{}}
}

// prepare finds out what holds for the room, and reports whether anything is to be
// done there: Jitsi's breakout rooms have the affiliations of their main room.
func (r *run) prepare() bool {
	var err error
	r.name, err = moderation.ParseRoom(r.room)
	r.host = r.sessions.Policy().HostOf(r.name.Domain)
	if err != nil || r.host == nil || r.host.IsBreakout(r.name.Domain) {
		return false
	}
	r.strict = r.host.Strict || r.unasked.Strict(r.name.Domain, r.room)
	r.epoch = r.kept.Epoch(r.room)
	return true
}

// reconcile makes the room be as the sessions say. It returns the accounts that have
// to be seen to again.
func (r *run) reconcile(ctx context.Context) (again map[string]bool, err error) {
	if !r.prepare() {
		return nil, nil
	}
	if err := r.read(ctx); err != nil {
		r.failed(ctx, err)
		return nil, err
	}
	r.gather()
	again = map[string]bool{}
	for _, jid := range slices.Sorted(maps.Keys(r.accounts)) {
		once, err := r.account(ctx, jid)
		if err != nil {
			r.failed(ctx, err)
			return nil, err
		}
		again[jid] = once
	}
	if err := (membersOnly{r}).enforce(ctx); err != nil {
		r.failed(ctx, err)
		return nil, err
	}
	return again, nil
}

// read finds out what the room says now.
func (r *run) read(ctx context.Context) (err error) {
	if err = r.readAffiliations(ctx); err == nil {
		r.occupants, err = r.rooms.Occupants(ctx, r.room)
	}
	if err == nil {
		r.unasked.Saw(ctx, r.name.Domain, r.room, r.occupants)
		r.tellLost(ctx)
	}
	return err
}

// readAffiliations reads the assignments first: what another part of usher gives
// meanwhile the room seems not to have, and would count as overridden.
func (r *run) readAffiliations(ctx context.Context) (err error) {
	r.assignments = r.kept.Assignments(r.room)
	r.has, err = r.rooms.Affiliations(ctx, r.room)
	return err
}

// gather adds the accounts that nothing asked for.
func (r *run) gather() {
	for jid, a := range r.assignments {
		if r.everyone || a.End != "" || !a.Confirmed {
			r.accounts[jid] = true
		}
	}
	for _, o := range r.occupants {
		if r.lobby != nil {
			r.lobby.CameIn(r.room, o.JID)
		}
		if r.everyone && strings.HasSuffix(o.JID, "@"+r.host.Host) {
			r.accounts[o.JID] = true
		}
	}
	for jid, a := range r.has {
		if r.strict && a == moderation.Owner {
			r.accounts[jid] = true
		}
	}
	for jid := range r.demoted {
		r.accounts[jid] = true
	}
}

// account makes one account be to the room what it is to be, and reports whether it
// has to be seen to again.
func (r *run) account(ctx context.Context, jid string) (again bool, err error) {
	if r.host.IsService(jid) || !strings.Contains(jid, "@") {
		return false, nil
	}
	o := r.observed(jid)
	d := r.desired(jid, o.Assignment)
	a := moderation.Plan(o, d, r.now())
	err = r.apply(ctx, jid, o, a)
	if r.strict && o.Has == moderation.Owner && r.has[jid] != moderation.Owner { // so also if what follows failed
		r.demoted.add(jid)
	}
	if err != nil {
		return r.tolerate(ctx, jid, err)
	}
	if a.Set != "" { // the role is seen in the next run
		return d.Entitled && a.Set == moderation.Owner, nil
	}
	if again, err = r.assertRole(ctx, jid, d); err != nil {
		return r.tolerate(ctx, jid, err)
	}
	return again, nil
}

func (r *run) key(jid string) moderation.AssignmentKey {
	return moderation.AssignmentKey{Room: r.room, JID: jid}
}

// observed is what there is of an account, by what was read of the room.
func (r *run) observed(jid string) moderation.Observed {
	return moderation.Observed{
		Has:        cmp.Or(r.has[jid], moderation.None),
		Assignment: r.kept.Assignment(r.key(jid)),
		Inside:     slices.ContainsFunc(r.occupants, func(o moderation.Occupant) bool { return o.JID == jid }),
	}
}

// standing is what an account is to the room by its sessions and the lobby's lists.
func (r *run) standing(jid string) moderation.Decision {
	return r.host.Standing(r.sessions.View(r.host, jid, r.name))
}

// desired is what an account is to be to the room. The assignment is the one that was observed, or nil.
func (r *run) desired(jid string, a *moderation.Assignment) moderation.Desired {
	v := r.sessions.View(r.host, jid, r.name)
	d := moderation.Desired{OnExpiry: r.host.OnExpiry, Strict: r.strict}
	d.Ending = a != nil && a.End == "" && r.host.Ending(v, a.Session)
	switch by := r.host.Standing(v); {
	case by.Allowed && by.Session != nil:
		d.Entitled, d.Affiliation, d.Session = true, by.Affiliation, by.Session.ID
	case by.Listed && by.Affiliation != moderation.None:
		d.Entitled, d.Affiliation, d.Lobby = true, by.Affiliation, true
	}
	return d
}

// tolerate tells an error of apply that concerns the account alone, and then whether
// the account has to be seen to again, from one that ends the run.
func (r *run) tolerate(ctx context.Context, jid string, err error) (again bool, _ error) {
	switch {
	case errors.Is(err, sessions.ErrEnded), errors.Is(err, sessions.ErrNotKept), errors.Is(err, sessions.ErrMoved),
		errors.Is(err, moderation.ErrBanned):
		return true, nil
	case errors.Is(err, sessions.ErrNotTheRoom):
		return false, nil
	case errors.Is(err, moderation.ErrRefused): // an admin by Prosody's configuration is an owner, whatever usher says
		r.log.LogAttrs(ctx, slog.LevelDebug, "an affiliation was refused",
			logattr.Room(r.room), logattr.Account(jid), logattr.Err(err))
		return false, nil
	}
	return false, err
}

// failed says what ended the run. With a room that is gone its assignments go.
func (r *run) failed(ctx context.Context, err error) {
	switch {
	case errors.Is(err, moderation.ErrNoRoom):
		r.unasked.Gone(r.name.Domain, r.room)
		r.kept.Gone(ctx, r.room, r.epoch)
	case errors.Is(err, moderation.ErrUnreachable), errors.Is(err, moderation.ErrForbidden), ctx.Err() != nil:
		// the component itself says so, once
	default:
		r.log.LogAttrs(ctx, slog.LevelWarn, "a room could not be brought in order; it is tried again",
			logattr.Room(r.room), logattr.Err(err))
	}
}
