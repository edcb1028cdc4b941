package notify

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"usher/lobby"
	"usher/moderation"
)

const viaConsole = "console"

// maxOwnRooms bounds the rooms of one account that are asked at once.
const maxOwnRooms = 20

// An OwnRoom is a room in which an account is owner now, and occupant now.
type OwnRoom struct {
	Room    string // bare JID
	Waiting []moderation.Waiter
}

// OwnRooms asks rooms whether an account, a bare JID, is in them as an owner, and returns those that say so, in order:
// at most 20 are asked, first the one named, then those where somebody waits. If one of them cannot be asked there is
// no answer at all.
func (c *LobbyCommands) OwnRooms(ctx context.Context, account, first string) ([]OwnRoom, error) {
	if c.roster == nil {
		return nil, moderation.ErrNoComponent
	}
	own := []OwnRoom{}
	for _, room := range c.likely(account, first) {
		switch is, err := c.roster.owns(ctx, room, account); {
		case errors.Is(err, moderation.ErrNoRoom):
		case err != nil:
			return nil, err
		case is:
			own = append(own, OwnRoom{Room: room, Waiting: c.lobby.Knocks(room)})
		}
	}
	slices.SortFunc(own, func(a, b OwnRoom) int { return cmp.Compare(a.Room, b.Room) })
	return own, nil
}

// likely lists, from memory alone, the rooms that an account may be owner of.
func (c *LobbyCommands) likely(account, first string) []string {
	list := []string{first}
	for _, room := range c.lobby.KnockedRooms() {
		if room != first && c.roster.mayModerate(room, account) {
			list = append(list, room)
		}
	}
	return list[:min(len(list), maxOwnRooms)]
}

// DecideKnock is [LobbyCommands.Decide] by an operator about one wait in a room, by its ID. It returns whose it is.
func (c *LobbyCommands) DecideKnock(ctx context.Context, room, id string, admit bool) (account string, err error) {
	return c.decideKnock(ctx, id, lobby.Verdict{Room: room, Admitted: admit})
}

// DecideKnockAs is [LobbyCommands.DecideKnock] by an account that has to be in the room, a bare JID, as its owner now.
// No room is asked about a wait that there is not.
func (c *LobbyCommands) DecideKnockAs(ctx context.Context, owner, room, id string, admit bool) (
	account string, err error,
) {
	if c.roster == nil {
		return "", moderation.ErrNoComponent
	}
	if !c.lobby.KnockWaits(room, id) {
		return "", lobby.ErrKnockOver
	}
	likely := c.roster.mayModerate(room, owner)
	switch is, err := c.roster.owns(ctx, room, owner); {
	case err == nil && is:
	case err == nil, errors.Is(err, moderation.ErrNoRoom):
		return "", c.refused(ctx, likely, viaConsole, owner, room, []string{"--id", id}, admit,
			moderation.ErrNotModerator)
	default:
		return "", c.refused(ctx, likely, viaConsole, owner, room, []string{"--id", id}, admit, err)
	}
	account, err = c.decideKnock(ctx, id, lobby.Verdict{Room: room, Admitted: admit, By: owner})
	if c.audit != nil {
		holds := err == nil || errors.Is(err, moderation.ErrNotYet)
		c.audit.Decided(ctx, viaConsole, owner, room, []string{cmp.Or(account, "--id "+id)}, admit, holds, err)
	}
	return account, err
}

func (c *LobbyCommands) decideKnock(ctx context.Context, id string, v lobby.Verdict) (account string, err error) {
	err = c.decideAll(ctx, []decision{{Verdict: v, knock: id, account: &account}})
	return account, err
}
