package component

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"usher/internal/logattr"
	"usher/internal/ratelimit"
	"usher/internal/text"
	"usher/moderation"
)

// An asker asks rooms, and waits for their answers.
type asker struct {
	session func() (*session, error) // the one in use, or [moderation.ErrUnreachable]
	within  time.Duration            // for the answers to what is asked at the same time
	rights  *rights
}

// rights notices whether rooms refuse changes because Prosody gives the component no
// rights in them.
type rights struct {
	log     *slog.Logger
	lines   ratelimit.Log
	lacking atomic.Bool // rooms refused the last change for lack of rights
}

// refused notes a refusal, and says so once a minute.
func (r *rights) refused(ctx context.Context, jid, room, condition string) {
	r.lacking.Store(true)
	if _, now := r.lines.Allow(); now {
		r.log.LogAttrs(ctx, slog.LevelError, "Prosody does not let the component change rooms",
			logattr.Room(room), slog.String("condition", condition), logattr.Hint(hintRights(jid)))
	}
}

// lists asks several questions at the same time.
func (a *asker) lists(ctx context.Context, room string, questions []adminItem) ([]adminItem, error) {
	ctx, cancel := context.WithTimeout(ctx, a.within)
	defer cancel()
	asked, err := a.several(ctx, room, questions)
	if err != nil {
		return nil, err
	}
	return a.collect(ctx, room, asked)
}

// several sends questions without waiting for their answers.
func (a *asker) several(ctx context.Context, room string, questions []adminItem) ([]*question, error) {
	var asked []*question
	for _, q := range questions {
		one, err := a.one(ctx, "get", room, adminPayload{Items: []adminItem{q}})
		if err != nil {
			giveUp(asked)
			return nil, err
		}
		asked = append(asked, one)
	}
	return asked, nil
}

// giveUp is for questions whose answers nothing waits for any more.
func giveUp(asked []*question) {
	for _, q := range asked {
		q.giveUp()
	}
}

// collect waits for the answers; all of them are waited for.
func (a *asker) collect(ctx context.Context, room string, asked []*question) (all []adminItem, err error) {
	for _, q := range asked {
		in, failed := a.finish(ctx, room, q)
		switch {
		case failed != nil:
			err = cmp.Or(err, failed)
		case in.Admin == nil:
			err = cmp.Or(err, fmt.Errorf("%s answers without a list", text.Name(room)))
		default:
			all = append(all, in.Admin.Items...)
		}
	}
	if err != nil {
		return nil, err
	}
	return all, nil
}

// ask asks a room.
func (a *asker) ask(ctx context.Context, kind, room string, payload any, names ...string) (*iq, error) {
	ctx, cancel := context.WithTimeout(ctx, a.within)
	defer cancel()
	q, err := a.one(ctx, kind, room, payload, names...)
	if err != nil {
		return nil, err
	}
	return a.finish(ctx, room, q)
}

// askQuietly is ask of what not every Prosody answers: a refusal says nothing about
// the component's rights in rooms.
func (a *asker) askQuietly(ctx context.Context, kind, to string, payload any) (*iq, error) {
	ctx, cancel := context.WithTimeout(ctx, a.within)
	defer cancel()
	q, err := a.one(ctx, kind, to, payload)
	if err != nil {
		return nil, err
	}
	return q.answer(ctx)
}

// one sends one question.
func (a *asker) one(ctx context.Context, kind, room string, payload any, names ...string) (*question, error) {
	s, err := a.session()
	if err != nil {
		return nil, err
	}
	return s.send(ctx, kind, room, payload, names...)
}

// finish waits for an answer, and tells errors of the room from others.
func (a *asker) finish(ctx context.Context, room string, q *question) (*iq, error) {
	in, err := q.answer(ctx)
	refused, ok := errors.AsType[*stanzaError](err)
	switch {
	case err == nil:
		a.rights.lacking.Store(false)
		return in, nil
	case !ok:
		return nil, err
	}
	switch condition := refused.Error(); condition {
	case "item-not-found", "gone":
		return nil, moderation.ErrNoRoom
	case "forbidden", "not-allowed":
		a.rights.refused(ctx, q.s.jid, room, condition)
		return nil, moderation.ErrForbidden
	case "not-acceptable", "conflict", "jid-malformed":
		return nil, fmt.Errorf("%w: %s", moderation.ErrRefused, condition)
	default:
		return nil, fmt.Errorf("%s answers %s", text.Name(room), condition)
	}
}
