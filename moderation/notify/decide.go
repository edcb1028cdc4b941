package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"usher/internal/logattr"
	"usher/internal/text"
	"usher/lobby"
	"usher/moderation"
)

const (
	letInWithin = 5 * time.Second // a decision waits for the room to have the membership
	inviteLater = time.Minute     // an invitation waits for it, after the decision
)

// Decide admits an account that waits in a room, or denies. An account that is admitted
// gets an invitation once the room has the membership, and Decide returns when that is
// so; at the latest after 5 s, with [moderation.ErrNotYet].
func (c *LobbyCommands) Decide(ctx context.Context, v lobby.Verdict) error {
	return c.decideAll(ctx, []decision{{Verdict: v}})
}

// A decision is a verdict about an account, or, with the ID of a knock, about whoever waits under it: then the account
// is told.
type decision struct {
	lobby.Verdict
	knock   string
	account *string
}

// decideAll decides about several, one after the other until one fails, and then
// waits for all that were admitted together: they are invited also if a decision
// after theirs failed.
func (c *LobbyCommands) decideAll(ctx context.Context, list []decision) error {
	ctx, cancel := context.WithTimeout(ctx, letInWithin)
	defer cancel()
	admitted := map[moderation.AssignmentKey]bool{} // whether it is news
	var failed, late error
	for _, v := range list {
		var news bool
		if v.Verdict, news, failed = c.decideOne(ctx, v); failed != nil {
			break
		}
		if v.account != nil {
			*v.account = v.JID
		}
		if v.Admitted {
			admitted[moderation.AssignmentKey{Room: v.Room, JID: v.JID}] = news
		}
	}
	for key, news := range admitted {
		if !c.sessions.Rooms().AwaitLetIn(ctx, key) {
			late = moderation.ErrNotYet
		}
		if news {
			c.invite(key)
		}
	}
	return cmp.Or(failed, late)
}

func (c *LobbyCommands) decideOne(ctx context.Context, d decision) (v lobby.Verdict, news bool, err error) {
	if v = d.Verdict; d.knock != "" {
		v, news, err = c.lobby.DecideKnock(ctx, d.knock, v)
	} else {
		news, err = c.lobby.Decide(ctx, v)
	}
	switch {
	case errors.Is(err, lobby.ErrNotWaiting):
		return v, false, fmt.Errorf("%w; usher lobby knocks lists who does, usher lobby allow lets in who does not", err)
	case err != nil:
		return v, false, err
	}
	c.log.LogAttrs(ctx, slog.LevelInfo, "lobby: decided", logattr.Room(v.Room), logattr.Account(v.JID),
		slog.Bool("admitted", v.Admitted), slog.String("by", text.Name(cmp.Or(v.By, "an operator"))))
	if v.Admitted {
		c.sessions.Rooms().DropOverridden(ctx, moderation.AssignmentKey{Room: v.Room, JID: v.JID})
	}
	c.urgent(v.Room, v.JID)
	return v, news, nil
}
