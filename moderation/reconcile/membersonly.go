package reconcile

import (
	"context"
	"errors"
	"log/slog"

	"usher/internal/logattr"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/sessions"
)

// unseen is the connection on which a room was not seen yet.
const unseen = 0

// membersOnly is the part of a run that is about whom the room lets in.
type membersOnly struct{ *run }

// enforce sees to it that a room whose lobby is on, and enforced by the room itself,
// only lets members in. No occupant is put out by it. Once the room was seen to be so
// a moderator may open it by hand, and it stays open. On a new connection it has to be
// seen anew: Prosody may have been restarted.
func (r membersOnly) enforce(ctx context.Context) error {
	if r.lobby == nil {
		return nil
	}
	on := r.host.Lobby.Mode() == lobby.MembersOnly && r.host.LobbyOn(r.name, r.kept.Lobby(r.room))
	connection := r.rooms.Connection()
	was, seen := r.kept.MembersOnly(r.room, connection)
	if !on && !was {
		return nil
	}
	is, err := r.rooms.MembersOnly(ctx, r.room)
	switch {
	case err != nil:
		return err
	case on && seen && is:
		return nil
	case on && seen:
		r.log.LogAttrs(ctx, slog.LevelInfo, "lobby switched off in the room itself", logattr.Room(r.room))
		r.kept.SwitchLobbyOff(ctx, r.room, r.epoch)
		return nil
	}
	return r.switchTo(ctx, is, on, connection)
}

// switchTo makes a room that is so be otherwise. All who are in it, or may be
// about to come, are admitted before; and once more afterwards, for those who came in
// meanwhile. Before anything else it is noted that the room is about to let in members
// only: an account that logs in from then on is made a member at once, and those that
// did so before wait in the queue.
func (r membersOnly) switchTo(ctx context.Context, is, on bool, connection uint64) error {
	if on {
		r.kept.SetMembersOnly(ctx, r.room, r.epoch, true, unseen)
		if err := r.admitOccupants(ctx); err != nil {
			return err
		}
	}
	if is != on {
		if err := r.rooms.SetMembersOnly(ctx, r.room, on); err != nil {
			return err
		}
		r.log.LogAttrs(ctx, slog.LevelInfo, "lobby switched", logattr.Room(r.room), slog.Bool("on", on))
	}
	r.kept.SetMembersOnly(ctx, r.room, r.epoch, on, connection)
	if !on || is {
		return nil
	}
	if err := r.read(ctx); err != nil {
		return err
	}
	return r.admitOccupants(ctx)
}

// admitOccupants makes a member of each account that is in the room, or may be about to
// come: a room that only lets members in puts out all others.
func (r membersOnly) admitOccupants(ctx context.Context) error {
	for _, jid := range r.expected() {
		if !r.accounts[jid] && !r.host.IsService(jid) {
			r.accounts[jid] = true
			if _, err := r.account(ctx, jid); err != nil {
				return err
			}
		}
	}
	for _, o := range r.occupants {
		if a := r.has[o.JID]; a != "" && a != moderation.None || r.host.IsService(o.JID) {
			continue
		}
		if err := r.admit(ctx, o.JID); err != nil {
			return err
		}
	}
	return nil
}

// admit makes a member of an account that is in the room, for the lobby's sake.
func (r membersOnly) admit(ctx context.Context, jid string) error {
	if a := r.kept.Assignment(r.key(jid)); a != nil && a.End != "" { // it has to leave anyway
		return nil
	}
	a := &moderation.Assignment{Room: r.room, JID: jid, Affiliation: moderation.Member, At: r.now(), Lobby: true}
	switch err := r.record(ctx, a); {
	case errors.Is(err, sessions.ErrMoved): // another part of usher gives it something
		return nil
	case err != nil:
		return err
	}
	switch err := r.give(ctx, jid, moderation.Member); {
	case errors.Is(err, moderation.ErrBanned):
		_, err := r.tolerate(ctx, jid, r.kept.Drop(ctx, a.Key(), a, r.epoch))
		return err
	case err != nil && !errors.Is(err, moderation.ErrRefused):
		return err
	}
	r.has[jid] = moderation.Member
	return nil
}

// expected returns the accounts that may come into a room without another login:
// those on the lobby's lists, those that logged in or were let in since the run began, and
// the last that logged in with a token for many rooms, however long ago that was.
func (r membersOnly) expected() []string {
	list := r.lobby.Members(r.name.ForLobby(), moderation.MaxSeeded)
	list = append(list, r.queue.waiting(r.room)...)
	for _, s := range r.kept.Wildcards(r.host) {
		if reason, _ := r.host.Opens(s, r.name); reason == "" {
			list = append(list, s.JID())
		}
	}
	return list
}
