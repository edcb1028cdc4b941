package notify

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/semaphore"

	"usher/internal/logattr"
	"usher/internal/ratelimit"
	"usher/internal/taskgroup"
	"usher/metrics"
	"usher/moderation"
)

const (
	mailPlaces = 256 // messages of a kind that wait to be sent, and as many that are to be sent later
	sendWithin = 5 * time.Second
)

var errMailFull = fmt.Errorf("%d messages wait already", mailPlaces)

// A mailQueue sends the messages of one kind, one after the other. It has bounds: what
// finds no place is left out.
type mailQueue struct {
	kind    metrics.LobbyMessage
	group   *taskgroup.Group
	log     *slog.Logger
	metrics *metrics.Metrics
	queue   chan func(context.Context)
	places  *semaphore.Weighted // of what is to be sent later
	losses  ratelimit.Log       // of log lines
}

func newMailQueue(kind metrics.LobbyMessage, g *taskgroup.Group, log *slog.Logger, m *metrics.Metrics) *mailQueue {
	return &mailQueue{kind: kind, group: g, log: log, metrics: m, queue: make(chan func(context.Context), mailPlaces),
		places: semaphore.NewWeighted(mailPlaces), losses: ratelimit.Log{Every: time.Minute}}
}

// lost counts a message that is not sent, and says so once a minute. The account of
// key is the one that the message is about.
func (q *mailQueue) lost(why metrics.LobbyLoss, key moderation.AssignmentKey, err error) {
	q.metrics.LobbyMessageLost(q.kind, why)
	if silent, now := q.losses.Allow(); now {
		q.log.Warn("lobby: a message was not sent", slog.String("kind", q.kind.String()),
			slog.String("reason", why.String()),
			logattr.Room(key.Room), logattr.Account(key.JID), logattr.Err(err), logattr.NotLogged(silent))
	}
}

// add has a message sent: send is called in its turn, with a deadline.
func (q *mailQueue) add(key moderation.AssignmentKey, send func(context.Context) error) {
	select {
	case q.queue <- func(ctx context.Context) {
		if err := send(ctx); err != nil {
			q.lost(metrics.LostFailed, key, err)
		}
	}:
	default:
		q.lost(metrics.LostFull, key, errMailFull)
	}
}

// later calls do after a while, unless the notifier was stopped meanwhile.
func (q *mailQueue) later(key moderation.AssignmentKey, after time.Duration, do func(context.Context)) {
	if !q.places.TryAcquire(1) {
		q.lost(metrics.LostFull, key, errMailFull)
		return
	}
	started := q.group.Go(func(ctx context.Context) {
		defer q.places.Release(1)
		wait := time.NewTimer(after)
		defer wait.Stop()
		select {
		case <-ctx.Done():
		case <-wait.C:
			do(ctx)
		}
	})
	if !started {
		q.places.Release(1)
	}
}

// run sends until ctx ends.
func (q *mailQueue) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case send := <-q.queue:
			within, cancel := context.WithTimeout(ctx, sendWithin)
			send(within)
			cancel()
		}
	}
}
