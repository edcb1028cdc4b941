package reconcile

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"usher/moderation"
	"usher/moderation/sessions"
)

// The bounds of what is done at the same time: accounts that are granted something in
// a room, and logins for which rooms are searched.
const (
	maxGrants   = 32
	maxSearches = 8
)

// loggedIn has every room reconciled in which a new login may change what the account
// is. In one that only lets members in that is done at once: the join follows.
func (r *Reconciler) loggedIn(s *moderation.Session) {
	jid := s.JID()
	h := r.sessions.Policy().Host(s.Host)
	at := r.kept.OfLogin(h, s)
	for i, room := range at.Rooms {
		if at.MembersOnly[i] {
			r.grantAtLogin(room, jid)
		} else {
			r.soon(room, jid)
		}
	}
	if h != nil && at.AnyMembersOnly && s.Wildcard() {
		r.grantEverywhere(h, s, at.Rooms)
	}
}

// grantEverywhere is grantAtLogin in the running rooms that a token opens without
// naming them, but for those that were seen to. The login does not wait for the
// search. At the bound it is left out; the join then wants a second try.
func (r *Reconciler) grantEverywhere(h *moderation.Host, s *moderation.Session, but []string) {
	if !r.searches.TryAcquire(1) {
		return
	}
	started := r.group.Go(func(context.Context) {
		defer r.searches.Release(1)
		for _, room := range r.kept.OpenedBy(h, s) {
			if !slices.Contains(but, room) {
				r.grantAtLogin(room, s.JID())
			}
		}
	})
	if !started {
		r.searches.Release(1)
	}
}

// grantAtLogin makes a member of an account that has just logged in, in a room that
// only lets members in: its join follows at once, and its role is computed before
// anything asks about it. The room is not waited for in the queue. What is not done
// here the run that follows does.
func (r *Reconciler) grantAtLogin(room, jid string) {
	if !r.grants.TryAcquire(1) {
		r.Urgent(room, jid)
		return
	}
	started := r.group.Go(func(ctx context.Context) {
		defer r.grants.Release(1)
		ctx, cancel := context.WithTimeout(ctx, runWithin)
		defer cancel()
		g := single{r.over(room), jid}
		if !g.prepare() {
			return
		}
		done, err := g.grantAtLogin(ctx)
		if err != nil {
			g.failed(ctx, err)
		}
		if done {
			r.soon(room, jid)
		} else {
			r.Urgent(room, jid)
		}
	})
	if !started {
		r.grants.Release(1)
	}
}

// A single is a run for one account, which does not read who is in the room.
type single struct {
	*run
	jid string
}

// grantAtLogin sets at once what an account is that was given nothing in the room, and
// asks in the same breath, but before, what it was. If that was more, or a ban, it is
// put back. It reports whether the room may wait for its turn now.
func (g single) grantAtLogin(ctx context.Context) (done bool, err error) {
	d := g.standing(g.jid)
	if !d.Allowed || d.Session == nil || d.Affiliation == moderation.None {
		return true, nil
	}
	if a := g.kept.Assignment(g.key(g.jid)); a != nil {
		return a.Confirmed && a.Affiliation.Rank() >= d.Affiliation.Rank(), nil
	}
	a := &moderation.Assignment{Room: g.room, JID: g.jid, Affiliation: d.Affiliation, Session: d.Session.ID, At: g.now()}
	if err := g.kept.Note(a, nil, g.epoch); err != nil { // it is written afterwards: the join is on its way
		again, err := g.tolerate(ctx, g.jid, err)
		return !again, err
	}
	g.assignments = map[string]*moderation.Assignment{g.jid: a}
	if g.has, err = g.rooms.ReadAndSet(ctx, g.room, g.jid, d.Affiliation); err != nil {
		_ = g.record(ctx, a) // it may have been done all the same: the next start has to know
		return true, err
	}
	g.metrics.Affiliation(string(d.Affiliation), true)
	has := cmp.Or(g.has[g.jid], moderation.None)
	if has == moderation.Outcast || has.Rank() > d.Affiliation.Rank() {
		return true, g.undo(ctx, a, has)
	}
	err = g.confirm(ctx, a, has)
	if errors.Is(err, sessions.ErrNotKept) {
		_ = g.kept.Drop(ctx, a.Key(), g.assignments[g.jid], g.epoch)
		g.putBack(ctx, a, has)
	}
	_, err = g.tolerate(ctx, g.jid, err)
	return true, err
}

// undo leaves an account what it was, and remembers that as not ours.
func (g single) undo(ctx context.Context, a *moderation.Assignment, has moderation.Affiliation) error {
	if err := g.change(ctx, g.jid, a.Affiliation, has); err != nil {
		return err
	}
	if has == moderation.Outcast { // a ban is the room's own affair
		_, err := g.tolerate(ctx, g.jid, g.kept.Drop(ctx, a.Key(), a, g.epoch))
		return err
	}
	_, err := g.account(ctx, g.jid)
	return err
}
