package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"usher/internal/taskgroup"
	"usher/lobby"
	"usher/metrics"
	"usher/moderation"
	"usher/moderation/sessions"
)

// A Messenger writes to people in the name of the component.
type Messenger interface {
	// Tell sends a message.
	Tell(ctx context.Context, jid, text string) error
	// TellAlone sends a message about a room to one client there, by its nickname and its full JID: nobody else gets
	// it, and nothing keeps it.
	TellAlone(ctx context.Context, room, nick, full, text string) error
	// Invite asks an account into a room and says why, by XEP-0249 and by way of the
	// room (XEP-0045 section 7.8.2).
	Invite(ctx context.Context, room, jid, why string) error
}

// knockPause is how long a knock waits before moderators hear of it: a moderator may
// have let the account in by the room's own means, and then it does not wait at all.
const knockPause = 300 * time.Millisecond

var errRoomUnchanged = fmt.Errorf("the room could not be changed within %v", inviteLater)

// A Notifier tells the moderators of a room which accounts wait, and one that was
// admitted that it may come. A message that finds no place is left out, and counted:
// the list of knocks has it all the same, and an account that was admitted comes in
// with its next try.
type Notifier struct {
	sessions  *sessions.Sessions
	lobby     *lobby.Lobby
	messenger Messenger
	roster    *roster
	group     taskgroup.Group

	// Any client can cause knocks: they take no place of invitations.
	knocks, invitations *mailQueue

	link    Link
	clients func(account string) []string
}

// Options are the collaborators of a [Notifier]. A nil Log or Metrics is a
// no-op.
type Options struct {
	Sessions  *sessions.Sessions
	Lobby     *lobby.Lobby
	Rooms     Occupants
	Messenger Messenger
	Link      Link // nil: there are no links
	// Clients returns the full JIDs of the clients of an account, a bare JID, as far as they are known; nil: none are.
	Clients func(account string) []string
	Log     *slog.Logger
	Metrics *metrics.Metrics
}

// New returns a notifier, which sends nothing before Run.
func New(o Options) *Notifier {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = metrics.New("")
	}
	n := &Notifier{sessions: o.Sessions, lobby: o.Lobby, messenger: o.Messenger, roster: newRoster(o.Sessions, o.Rooms),
		link: o.Link, clients: o.Clients}
	n.knocks = newMailQueue(metrics.LobbyKnock, &n.group, o.Log, o.Metrics)
	n.invitations = newMailQueue(metrics.LobbyInvitation, &n.group, o.Log, o.Metrics)
	return n
}

// Run sends messages until ctx ends. Nothing is sent once it has returned.
func (n *Notifier) Run(ctx context.Context) error {
	n.group.Open(ctx)
	defer n.group.Close()
	n.group.Go(n.knocks.run)
	n.group.Go(n.invitations.run)
	<-ctx.Done()
	return nil
}

// Knocked is told of each knock of an account (a bare JID) at a room (a bare JID),
// under a nickname. It has the room's moderators told what notice says.
func (n *Notifier) Knocked(room, jid, nick string, notice lobby.Notice) {
	if notice == lobby.TellNothing {
		return
	}
	key := moderation.AssignmentKey{Room: room, JID: jid}
	n.knocks.later(key, knockPause, func(context.Context) {
		n.knocks.add(key, func(ctx context.Context) error { return n.tell(ctx, room, jid, nick, notice) })
	})
}

func (n *Notifier) tell(ctx context.Context, room, jid, nick string, notice lobby.Notice) error {
	moderators, inside, err := n.roster.moderators(ctx, room)
	switch {
	case errors.Is(err, moderation.ErrNoRoom): // no moderator is there to be told
		return nil
	case err != nil:
		return err
	case slices.Contains(inside, jid):
		n.lobby.CameIn(room, jid)
		return nil
	}
	news := aKnock{room: room, jid: jid, nick: nick}
	if notice == lobby.TellCrowd {
		news.crowd = len(n.lobby.Knocks(room))
	}
	var failed error
	linked := 0
	for _, m := range moderators {
		if m.owner = m.owner && linked < maxLinked; m.owner {
			linked++
		}
		failed = cmp.Or(failed, n.tellModerator(ctx, m, news))
	}
	return failed
}

// maxLinked bounds the owners of a room that are sent links at once: where everybody is one, who knocks would use up
// the links of other rooms.
const maxLinked = 50

// tellModerator sends each client of an owner a link of its own. Whom none can be made for, the account is told.
func (n *Notifier) tellModerator(ctx context.Context, m moderator, news aKnock) error {
	var failed error
	alone := false
	for _, c := range m.clients {
		if n.link == nil || !m.owner {
			break
		}
		if link, page := n.link(m.account, news.room); page {
			alone = true
			failed = cmp.Or(failed, n.messenger.TellAlone(ctx, news.room, c.nick, c.full, news.withLink(link)))
		}
	}
	if alone {
		return failed
	}
	return n.messenger.Tell(ctx, m.account, news.text())
}

// Invite invites an account once the room would let it in, within a minute.
func (n *Notifier) Invite(key moderation.AssignmentKey) {
	n.invitations.later(key, 0, func(ctx context.Context) {
		waiting, cancel := context.WithTimeout(ctx, inviteLater)
		defer cancel()
		if !n.sessions.Rooms().AwaitLetIn(waiting, key) {
			if ctx.Err() == nil {
				n.invitations.lost(metrics.LostLate, key, errRoomUnchanged)
			}
			return
		}
		n.invitations.add(key, func(ctx context.Context) error {
			return n.invite(ctx, key)
		})
	})
}

// maxInvited bounds the clients of one account that are invited: who waits opens as many as there are connections.
const maxInvited = 8

// invite invites each client of an account that is known, as Jitsi's wait for that and send no presence by which
// Prosody would find them; or else the account. Of many the last ones count.
func (n *Notifier) invite(ctx context.Context, key moderation.AssignmentKey) error {
	to := []string{key.JID}
	if n.clients != nil {
		if known := n.clients(key.JID); len(known) > 0 {
			to = known[max(0, len(known)-maxInvited):]
		}
	}
	var failed error
	for _, jid := range to {
		failed = cmp.Or(failed, n.messenger.Invite(ctx, key.Room, jid, textLetIn))
	}
	return failed
}
