package notify

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"usher/lobby"
	"usher/moderation"
	"usher/moderation/sessions"
)

const maxCommandRooms = 20 // of one moderator, where an account waits

// A Reconciler makes rooms be as was decided.
type Reconciler interface {
	// Urgent has a room reconciled for an account now, though it may be large.
	Urgent(room, account string)
}

// An Auditor records what moderators decide, and where: "console", or empty for the command of the component. done
// means that the decision holds, also with an error.
type Auditor interface {
	Decided(ctx context.Context, via, moderator, room string, accounts []string, admit, done bool, err error)
}

// CommandOptions are the collaborators of [LobbyCommands]. A nil Log is a no-op.
type CommandOptions struct {
	Sessions *sessions.Sessions
	Lobby    *lobby.Lobby
	Log      *slog.Logger
	Audit    Auditor // nil: what moderators decide is not recorded

	// Nil without a component.
	Reconciler Reconciler
	Notifier   *Notifier
}

// LobbyCommands are what moderators and operators may do about the accounts that wait
// in lobbies.
type LobbyCommands struct {
	sessions *sessions.Sessions
	lobby    *lobby.Lobby
	log      *slog.Logger
	audit    Auditor // may be nil
	roster   *roster // nil without a component
	urgent   func(room, account string)
	invite   func(moderation.AssignmentKey)
}

// NewLobbyCommands returns the commands.
func NewLobbyCommands(o CommandOptions) *LobbyCommands {
	c := &LobbyCommands{sessions: o.Sessions, lobby: o.Lobby, log: o.Log, audit: o.Audit,
		urgent: func(string, string) {}, invite: func(moderation.AssignmentKey) {}}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if o.Notifier != nil {
		c.roster, c.invite, c.urgent = o.Notifier.roster, o.Notifier.Invite, o.Reconciler.Urgent
	}
	return c
}

// MayModerate hints, from memory alone, at whether an account is moderator of a
// room, or, for "", of any room where an account waits. Only the room knows.
func (c *LobbyCommands) MayModerate(account, room string) bool {
	switch {
	case c.roster == nil:
		return false
	case room != "":
		return c.roster.mayModerate(room, account)
	}
	return slices.ContainsFunc(c.lobby.KnockedRooms(), func(room string) bool {
		return c.roster.mayModerate(room, account)
	})
}

// Knocks reports, from memory alone, whether an account waits in a room or was
// decided about there: only such a one can be decided about.
func (c *LobbyCommands) Knocks(room, account string) bool { return c.lobby.Knocked(room, account) }

// Waiting returns the accounts that wait in rooms that an account, a bare JID,
// moderates now. The rooms are asked.
func (c *LobbyCommands) Waiting(ctx context.Context, moderator string) ([]moderation.Waiter, error) {
	if c.roster == nil {
		return nil, moderation.ErrNoComponent
	}
	waiting := []moderation.Waiter{}
	n := 0
	for _, room := range c.lobby.KnockedRooms() {
		if !c.roster.mayModerate(room, moderator) {
			continue
		}
		if n++; n > maxCommandRooms {
			break
		}
		switch is, err := c.roster.moderates(ctx, room, moderator); {
		case errors.Is(err, moderation.ErrNoRoom):
		case err != nil:
			return nil, err
		case is:
			waiting = append(waiting, c.lobby.Knocks(room)...)
		}
	}
	return waiting, nil
}

// DecideAs is [LobbyCommands.Decide] by an account that has to be moderator of the
// room now, about accounts that wait there. All of them are bare JIDs.
func (c *LobbyCommands) DecideAs(ctx context.Context, moderator, room string, accounts []string, admit bool) error {
	if c.roster == nil {
		return moderation.ErrNoComponent
	}
	if name, _, err := c.sessions.Policy().Find(room); err == nil {
		room = name.JID // a client may know it by its tenant's address
	}
	likely := c.roster.mayModerate(room, moderator)
	switch is, err := c.roster.moderates(ctx, room, moderator); {
	case err == nil && is:
	case err == nil, errors.Is(err, moderation.ErrNoRoom):
		return c.refused(ctx, likely, "", moderator, room, accounts, admit, moderation.ErrNotModerator)
	default:
		return c.refused(ctx, likely, "", moderator, room, accounts, admit, err)
	}
	var list []decision
	for _, account := range accounts {
		list = append(list, decision{Verdict: lobby.Verdict{Room: room, JID: account, Admitted: admit, By: moderator}})
	}
	err := c.decideAll(ctx, list)
	if c.audit != nil {
		c.audit.Decided(ctx, "", moderator, room, accounts, admit, err == nil || errors.Is(err, moderation.ErrNotYet), err)
	}
	return err
}

// refused records why a moderator, or a former one, could not decide. Of others, who may ask as often as they like,
// nothing is recorded.
func (c *LobbyCommands) refused(ctx context.Context, likely bool, via, moderator, room string, accounts []string,
	admit bool, err error) error {
	if likely && c.audit != nil {
		c.audit.Decided(ctx, via, moderator, room, accounts, admit, false, err)
	}
	return err
}

// FindRoom completes a room's name as [moderation.Policy.FindRoom] does, by the rooms
// that are there and those where an account knocks.
func (c *LobbyCommands) FindRoom(name string) (string, error) {
	return c.sessions.Policy().FindRoom(name, append(c.sessions.Rooms().Known(), c.lobby.KnockedRooms()...))
}
