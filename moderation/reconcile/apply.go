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
func (r *run) apply(ctx context.Context, jid string, o moderation.Observed, a moderation.Action) error {
	if a.Record != nil {
		a.Record.Room, a.Record.JID = r.room, jid
		if err := r.record(ctx, a.Record); err != nil {
			return err
		}
	}
	if a.Set != "" {
		if err := r.set(ctx, jid, o, a); err != nil {
			return err
		}
	}
	if a.Remove {
		if err := r.remove(ctx, jid, o); err != nil {
			return err
		}
	}
	if a.Forget {
		return r.kept.Drop(ctx, r.key(jid), r.assignments[jid], r.epoch)
	}
	return nil
}

// record writes an assignment in the place of the one that there was when the room was
// read.
func (r *run) record(ctx context.Context, a *moderation.Assignment) error {
	err := r.kept.Put(ctx, a, r.assignments[a.JID], r.epoch)
	if err == nil || errors.Is(err, sessions.ErrNotKept) {
		r.assignments[a.JID] = a
	}
	return err
}

// set sets an affiliation, and confirms the assignment.
func (r *run) set(ctx context.Context, jid string, o moderation.Observed, a moderation.Action) error {
	demotes := r.streams != nil && o.Has == moderation.Owner && a.Set != moderation.Owner
	if demotes {
		r.streams.Demote(ctx, jid)
	}
	done := r.inFlight.begin(r.key(jid))
	err := r.change(ctx, jid, o.Has, a.Set)
	done()
	r.metrics.Affiliation(string(a.Set), err == nil)
	if err != nil {
		return err
	}
	r.tell(ctx, jid, o, a)
	if demotes {
		r.streams.Cut(jid) // Jitsi's modules keep what they gave to the session
	}
	r.has[jid] = a.Set
	if a.Record == nil {
		return nil
	}
	if err := r.confirm(ctx, a.Record, o.Has); !errors.Is(err, sessions.ErrNotKept) {
		return err
	}
	return nil // what was written before is enough
}

// change sets an affiliation of an account that was something else when the room was read.
// A ban that has come since stays.
func (r *run) change(ctx context.Context, jid string, has, to moderation.Affiliation) error {
	if has == moderation.Outcast || to == moderation.Outcast {
		return r.rooms.SetAffiliation(ctx, r.room, jid, to)
	}
	return r.rooms.SetUnlessBanned(ctx, r.room, jid, to)
}

// confirm notes that the room has what an assignment says. Before, the account was
// something else.
func (r *run) confirm(ctx context.Context, a *moderation.Assignment, before moderation.Affiliation) error {
	confirmed := *a
	confirmed.Confirmed, confirmed.At = true, r.now()
	err := r.record(ctx, &confirmed)
	if errors.Is(err, sessions.ErrEnded) || errors.Is(err, sessions.ErrNotTheRoom) {
		r.putBack(ctx, a, before)
	}
	return err
}

// putBack undoes what was given in the very moment in which the session ended, or the
// room was made anew. The end may have been seen to before the affiliation was set, and
// a new room knows of no assignment: nothing else would take it back.
func (r *run) putBack(ctx context.Context, a *moderation.Assignment, before moderation.Affiliation) {
	if before == moderation.Outcast { // ours, or it would not have been touched
		before = moderation.None
	}
	if a.Affiliation.Rank() > before.Rank() && r.rooms.SetUnlessBanned(ctx, r.room, a.JID, before) == nil {
		r.has[a.JID] = before
	}
	r.soon(r.room, a.JID)
}

// remove takes an account out of the room. Only a moderator who is in the room may
// change a role (Prosody's may_set_role), which a component is not: so the account is
// banned, and the ban lifted at once. It is written down before, so that a kill in
// between leaves no account banned.
func (r *run) remove(ctx context.Context, jid string, o moderation.Observed) error {
	if !o.Inside || o.Has == moderation.Outcast {
		return nil
	}
	after := moderation.None
	if a := o.Assignment; a.External && r.has[jid] == a.Affiliation { // and was not just taken back
		after = a.Affiliation
	}
	ban := *o.Assignment
	ban.Room, ban.JID, ban.Affiliation = r.room, jid, moderation.Outcast
	ban.External, ban.Overridden, ban.End = false, false, moderation.EndRevoked
	if err := r.record(ctx, &ban); err != nil && !errors.Is(err, sessions.ErrNotKept) {
		return err
	}
	for _, a := range []moderation.Affiliation{moderation.Outcast, after} {
		if err := r.rooms.SetAffiliation(ctx, r.room, jid, a); err != nil {
			return err
		}
	}
	r.log.LogAttrs(ctx, slog.LevelInfo, "occupant removed", logattr.Room(r.room), logattr.Account(jid))
	return nil
}

// tell writes the line of a change. Prosody does not say which owner made another
// owner: named are those who could.
func (r *run) tell(ctx context.Context, jid string, o moderation.Observed, a moderation.Action) {
	attrs := []slog.Attr{logattr.Room(r.room), logattr.Account(jid),
		slog.String("affiliation", string(a.Set)), slog.String("before", string(o.Has))}
	ours := o.Assignment != nil && !o.Assignment.External && o.Assignment.Affiliation == moderation.Owner
	if r.strict && o.Has == moderation.Owner && a.Set != moderation.Owner && !ours {
		r.log.LogAttrs(ctx, slog.LevelWarn, "an owner that no token made was demoted (moderation.strict)",
			append(attrs, slog.Any("made_by_one_of", r.suspects(jid)))...)
		return
	}
	r.log.LogAttrs(ctx, slog.LevelInfo, "affiliation set", attrs...)
}

// maxSuspects bounds how many the line of a demotion names.
const maxSuspects = 5

// suspects are the other owners that are in the room, and those service accounts that
// always are: jicofo's enable-auto-owner is the usual one.
func (r *run) suspects(jid string) []string {
	list := []string{}
	for _, o := range r.occupants {
		could := o.JID != jid && (r.has[o.JID] == moderation.Owner || r.host.IsService(o.JID))
		if name := text.Name(o.JID); could && !slices.Contains(list, name) && len(list) < maxSuspects {
			list = append(list, name)
		}
	}
	if len(list) == 0 {
		list = append(list, "Prosody itself, as creator of the room")
	}
	return list
}
