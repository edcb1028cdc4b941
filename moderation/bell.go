package moderation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"usher/internal/occasion"
	"usher/lobby"
	"usher/metrics"
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

// A bell tells the moderators of a room who waits, and the account that was admitted
// that it may come. What finds no place is left out, and counted: the list of knocks
// has it all the same, and who was admitted comes in with the next try.
type bell struct {
	k                   *Keeper
	knocks, invitations *bellLine // knocks, which anybody can cause, take no place of invitations
}

// A bellLine is one kind of messages.
type bellLine struct {
	k      *Keeper
	kind   string
	queue  chan func(context.Context)
	places chan struct{} // of what is done later
	losses occasion.Gate // of log lines
}

func newBell(k *Keeper) *bell {
	return &bell{k, newBellLine(k, metrics.LobbyKnock), newBellLine(k, metrics.LobbyInvitation)}
}

func newBellLine(k *Keeper, kind string) *bellLine {
	return &bellLine{k: k, kind: kind, queue: make(chan func(context.Context), bellQueue), places: make(chan struct{}, bellQueue),
		losses: occasion.Gate{Every: time.Minute}}
}

// lost counts a message that is not sent, and says so once a minute. The account of
// key is whom it is about.
func (b *bellLine) lost(why string, key GivenKey, err error) {
	b.k.sessions.metrics.LobbyMessageLost(b.kind, why)
	if silent, now := b.losses.Now(); now {
		b.k.log.Warn("lobby: a message was not sent", slog.String("kind", b.kind), slog.String("reason", why), slog.String("room", clip(key.Room)),
			slog.String("account", clip(key.JID)), slog.Any("err", err), slog.Int("not_logged", silent))
	}
}

func (b *bellLine) add(key GivenKey, job func(context.Context) error) {
	select {
	case b.queue <- func(ctx context.Context) {
		if err := job(ctx); err != nil {
			b.lost(metrics.LostFailed, key, err)
		}
	}:
	default:
		b.lost(metrics.LostFull, key, errBellFull)
	}
}

var errBellFull = fmt.Errorf("%d messages wait already", bellQueue)

// run works until ctx ends.
func (b *bellLine) run(ctx context.Context) {
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
	key := GivenKey{room, jid}
	b.knocks.later(key, ringAfter, func(context.Context) {
		b.knocks.add(key, func(ctx context.Context) error { return b.tell(ctx, room, jid, name, notice) })
	})
}

func (b *bell) tell(ctx context.Context, room, jid, name string, notice lobby.Notice) error {
	moderators, in, err := b.k.moderators(ctx, room)
	if err != nil {
		if errors.Is(err, ErrNoRoom) {
			return nil // nobody is there to be told
		}
		return err
	}
	if slices.Contains(in, jid) {
		b.k.sessions.lobby.CameIn(room, jid)
		return nil
	}
	text := fmt.Sprintf("%s (%s) waits in the lobby of %s. To decide: the commands of this address, or usher lobby admit %s %s", quoteName(name), jid, room, room, jid)
	if notice == lobby.TellCrowd {
		text = fmt.Sprintf("%d people wait in the lobby of %s; no further messages for a minute. See the commands of this address, or usher lobby knocks.",
			len(b.k.sessions.lobby.Knocks(room)), room)
	}
	var failed error
	for _, moderator := range moderators {
		failed = cmp.Or(failed, b.k.messenger.Tell(ctx, moderator, text))
	}
	return failed
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
	b.invitations.later(key, 0, func(ctx context.Context) {
		waiting, cancel := context.WithTimeout(ctx, inviteLater)
		defer cancel()
		if !b.k.sessions.awaitLetIn(waiting, key) {
			if ctx.Err() == nil {
				b.invitations.lost(metrics.LostLate, key, errRoomUnchanged)
			}
			return
		}
		b.invitations.add(key, func(ctx context.Context) error { return b.k.messenger.Invite(ctx, key.Room, key.JID) })
	})
}

var errRoomUnchanged = fmt.Errorf("the room could not be changed within %v", inviteLater)

// later does something about a message after a while, as long as the keeper runs. At
// the bound it is left out.
func (b *bellLine) later(key GivenKey, after time.Duration, do func(context.Context)) {
	select {
	case b.places <- struct{}{}:
	default:
		b.lost(metrics.LostFull, key, errBellFull)
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
