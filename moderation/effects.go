package moderation

import (
	"context"

	"usher/lobby"
)

// Joined has a room looked at shortly after a join was allowed.
func (k *Keeper) Joined(room, account string) { k.joined(room, account) }

// Urgent has a room looked at now, though it may be large and have no rest.
func (k *Keeper) Urgent(room, account string) { k.urgent(room, account) }

// BeforeJoin is as [Effects] says.
func (k *Keeper) BeforeJoin(ctx context.Context, room, account string) {
	k.receive(ctx, room, account)
}

// InFlight reports whether an affiliation is being set, or was a moment ago.
func (k *Keeper) InFlight(room, account string) bool {
	return k.setting.underWay(GivenKey{room, account})
}

// Knocked has the moderators of a room told of a knock.
func (k *Keeper) Knocked(room, account, name string, notice lobby.Notice) {
	k.notifier.Knocked(room, account, name, notice)
}
