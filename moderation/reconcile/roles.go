package reconcile

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"time"

	"usher/moderation"
	"usher/moderation/sessions"
)

const (
	joinTakes    = 30 * time.Second // at the most, from the role that Prosody computed to the room
	maxDemotions = 64               // of a room that are remembered
)

// demotions are the accounts that were owners against usher's will until a moment ago,
// and when they were demoted. One may be about to come in, as the moderator that it was
// when Prosody computed its role.
type demotions map[string]time.Time

// recent returns those that may still come in so.
func (d demotions) recent() demotions {
	recent := maps.Clone(d)
	if recent == nil {
		return demotions{}
	}
	maps.DeleteFunc(recent, func(_ string, at time.Time) bool { return time.Since(at) >= joinTakes })
	return recent
}

// add remembers another one, as long as there is place.
func (d demotions) add(jid string) {
	if len(d) < maxDemotions {
		d[jid] = time.Now()
	}
}

// assertRole reports whether an owner is still not seen as moderator, or an account that
// was demoted not as anything else. Of one that is in the room with a role that was
// computed before usher set the affiliation it has the role computed anew.
func (r *run) assertRole(ctx context.Context, jid string, d moderation.Desired) (again bool, err error) {
	has := cmp.Or(r.has[jid], moderation.None)
	owner := d.Entitled && d.Affiliation == moderation.Owner && has == moderation.Owner
	if _, demoted := r.demoted[jid]; !owner && !demoted {
		return false, nil
	}
	inside := false
	for _, o := range r.occupants {
		if o.JID != jid {
			continue
		}
		inside = true
		if cmp.Or(o.Affiliation, moderation.None) != has { // it was changed between the two questions
			return true, nil
		}
		switch moderator := o.Role == moderation.RoleModerator; {
		case owner && !moderator:
			return true, r.raiseRole(ctx, jid)
		case !owner && moderator && has != moderation.Owner && has != moderation.Admin:
			return true, r.lowerRole(ctx, jid, has)
		}
	}
	if inside {
		delete(r.demoted, jid)
	}
	return !inside, nil
}

// give sets an affiliation of an account that is not banned, and counts it.
func (r *run) give(ctx context.Context, jid string, a moderation.Affiliation) error {
	err := r.rooms.SetUnlessBanned(ctx, r.room, jid, a)
	r.metrics.Affiliation(string(a), err == nil)
	return err
}

// raiseRole has Prosody compute the role anew of an owner that is no moderator, by making
// it the owner that it is. What it was is asked in the same breath: if another owner has
// just taken that away, it stays taken away.
func (r *run) raiseRole(ctx context.Context, jid string) error {
	had, err := r.rooms.ReadAndSet(ctx, r.room, jid, moderation.Owner)
	r.metrics.Affiliation(string(moderation.Owner), err == nil)
	if err != nil {
		return err
	}
	if before := cmp.Or(had[jid], moderation.None); before != moderation.Owner {
		return r.change(ctx, jid, moderation.Owner, before)
	}
	return nil
}

// lowerRole has Prosody compute the role of a moderator anew that is a member or none.
// Prosody lowers a role only with the affiliation (muc:set_affiliation), so that the
// account is another one for a moment; never a greater one than a member. It is written
// down before, so that a kill in between leaves nothing that is not taken back or given
// again. A room that only lets members in puts a member out between the two, which can
// come in again at once, as what it is: to make it more for that moment would be worse.
func (r *run) lowerRole(ctx context.Context, jid string, has moderation.Affiliation) error {
	before := r.assignments[jid]
	between, meanwhile := moderation.Member, &moderation.Assignment{Room: r.room, JID: jid, Affiliation: moderation.Member,
		At: r.now(), Lobby: true}
	if has != moderation.None {
		if before == nil { // others made it a member
			return nil
		}
		unsure := *before
		unsure.Confirmed = false
		between, meanwhile = moderation.None, &unsure
	}
	if err := r.record(ctx, meanwhile); err != nil && !errors.Is(err, sessions.ErrNotKept) {
		return err
	}
	for _, a := range []moderation.Affiliation{between, has} {
		if err := r.give(ctx, jid, a); err != nil {
			return err
		}
	}
	if before == nil {
		return r.kept.Drop(ctx, r.key(jid), r.assignments[jid], r.epoch)
	}
	after := *before
	return r.record(ctx, &after)
}
