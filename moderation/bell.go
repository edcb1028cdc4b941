package moderation

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"usher/lobby"
)

// A Messenger writes to people in the name of the component.
type Messenger interface {
	// Tell sends a message.
	Tell(ctx context.Context, jid, text string) error
	// Invite asks somebody into a room, by XEP-0249 and by way of the room
	// (XEP-0045 section 7.8.2).
	Invite(ctx context.Context, room, jid string) error
}

const (
	bellQueue  = 256
	ringAfter  = 300 * time.Millisecond
	ringWithin = 5 * time.Second
)

// A bell tells the moderators of a room who waits, and whoever was admitted
// that he may come. What finds no place in its queue is left out: the list of
// knocks has it all the same.
type bell struct {
	k      *Keeper
	queue  chan func(context.Context)
	places chan struct{} // of what is done later
}

func newBell(k *Keeper) *bell {
	return &bell{k, make(chan func(context.Context), bellQueue), make(chan struct{}, bellQueue)}
}

func (b *bell) add(job func(context.Context)) {
	select {
	case b.queue <- job:
	default:
	}
}

// run works until ctx ends.
func (b *bell) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case job := <-b.queue:
			within, cancel := context.WithTimeout(ctx, ringWithin)
			job(within)
			cancel()
		}
	}
}

// ring is told of each knock. It waits a moment: a moderator may have let him in
// by the room's own means, and then he does not wait at all.
func (b *bell) ring(room, jid, name string, notice lobby.Notice) {
	if notice == lobby.TellNothing {
		return
	}
	b.later(ringAfter, func(context.Context) {
		b.add(func(ctx context.Context) { b.tell(ctx, room, jid, name, notice) })
	})
}

func (b *bell) tell(ctx context.Context, room, jid, name string, notice lobby.Notice) {
	moderators, in, err := b.k.moderators(ctx, room)
	if err != nil {
		return // nobody is there, or the component says so itself
	}
	if slices.Contains(in, jid) {
		b.k.sessions.lobby.CameIn(room, jid)
		return
	}
	text := fmt.Sprintf("%s (%s) waits in the lobby of %s. To decide: the commands of this address, or usher lobby admit %s %s", quoteName(name), jid, room, room, jid)
	if notice == lobby.TellCrowd {
		text = fmt.Sprintf("%d people wait in the lobby of %s; no further messages for a minute. See the commands of this address, or usher lobby knocks.",
			len(b.k.sessions.lobby.Knocks(room)), room)
	}
	for _, moderator := range moderators {
		_ = b.k.messenger.Tell(ctx, moderator, text)
	}
}

// quoteName keeps a nickname from looking like a part of the message.
func quoteName(name string) string {
	if name == "" {
		return "Somebody"
	}
	return fmt.Sprintf("%q", clip(name))
}

// invite invites an account once the room would let it in.
func (b *bell) invite(key GivenKey) {
	b.later(0, func(ctx context.Context) {
		waiting, cancel := context.WithTimeout(ctx, inviteLater)
		defer cancel()
		if !b.k.sessions.awaitLetIn(waiting, key) {
			if ctx.Err() == nil {
				b.k.log.Warn("lobby: no invitation was sent, as the room could not be changed", slog.String("room", clip(key.Room)), slog.String("account", clip(key.JID)))
			}
			return
		}
		b.add(func(ctx context.Context) { _ = b.k.messenger.Invite(ctx, key.Room, key.JID) })
	})
}

// later does something after a while, as long as the keeper runs. At the bound it
// is left out.
func (b *bell) later(after time.Duration, do func(context.Context)) {
	select {
	case b.places <- struct{}{}:
	default:
		return
	}
	started := b.k.spawn(func(ctx context.Context) {
		defer func() { <-b.places }()
		wait := time.NewTimer(after)
		defer wait.Stop()
		select {
		case <-ctx.Done():
		case <-wait.C:
			do(ctx)
		}
	})
	if !started {
		<-b.places
	}
}

// moderators returns who is moderator of a room now, but for service accounts,
// and who is in it at all.
func (k *Keeper) moderators(ctx context.Context, room string) (list, in []string, err error) {
	name, err := ParseRoom(room)
	if err != nil {
		return nil, nil, err
	}
	h := k.sessions.policy.Load().byRoom[name.Domain]
	if h == nil {
		return nil, nil, ErrNoRoom
	}
	occupants, err := k.rooms.Occupants(ctx, room)
	if err != nil {
		return nil, nil, err
	}
	for _, o := range occupants {
		in = append(in, o.JID)
		if o.Role == RoleModerator && !h.service[o.JID] && !slices.Contains(list, o.JID) {
			list = append(list, o.JID)
		}
	}
	k.sawModerators(room, list)
	return list, in, nil
}
