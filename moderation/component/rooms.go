package component

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"usher/internal/logattr"
	"usher/internal/text"
	"usher/moderation"
)

// Affiliations asks for the four lists of a room (XEP-0045 section 9.5 and
// others).
func (c *Client) Affiliations(ctx context.Context, room string) (map[string]moderation.Affiliation, error) {
	items, err := c.lists(ctx, room, affiliationQuestions())
	return affiliationsOf(items), err
}

func affiliationQuestions() []adminItem {
	return []adminItem{{Affiliation: "owner"}, {Affiliation: "admin"}, {Affiliation: "member"}, {Affiliation: "outcast"}}
}

func affiliationsOf(items []adminItem) map[string]moderation.Affiliation {
	has := make(map[string]moderation.Affiliation, len(items))
	for _, it := range items {
		has[bare(it.JID)] = moderation.Affiliation(it.Affiliation)
	}
	return has
}

// ReadAndSet sends everything at once; Prosody works in the order in which it
// reads.
func (c *Client) ReadAndSet(ctx context.Context, room, jid string, a moderation.Affiliation) (map[string]moderation.Affiliation, error) {
	ctx, cancel := context.WithTimeout(ctx, c.o.AnswerWithin)
	defer cancel()
	lists, err := c.begin(ctx, room, affiliationQuestions())
	if err != nil {
		return nil, err
	}
	set, err := c.begin1(ctx, "set", room, adminPayload{Items: []adminItem{{Affiliation: string(a), JID: jid}}}, jid)
	if err != nil {
		return nil, err
	}
	items, err := c.collect(ctx, room, lists)
	_, setErr := c.finish(ctx, room, set)
	return affiliationsOf(items), cmp.Or(err, setErr)
}

// Occupants asks for everybody in a room, by role (XEP-0045 sections 8.5 and
// 9.8).
func (c *Client) Occupants(ctx context.Context, room string) ([]moderation.Occupant, error) {
	var questions []adminItem
	for _, r := range []moderation.Role{moderation.RoleModerator, moderation.RoleParticipant, moderation.RoleVisitor} {
		questions = append(questions, adminItem{Role: string(r)})
	}
	items, err := c.lists(ctx, room, questions)
	if err != nil {
		return nil, err
	}
	list := make([]moderation.Occupant, 0, len(items))
	for _, it := range items {
		list = append(list, moderation.Occupant{Nick: it.Nick, JID: bare(it.JID), Role: moderation.Role(it.Role)})
	}
	return list, nil
}

// lists asks several questions at the same time.
func (c *Client) lists(ctx context.Context, room string, questions []adminItem) ([]adminItem, error) {
	ctx, cancel := context.WithTimeout(ctx, c.o.AnswerWithin)
	defer cancel()
	asked, err := c.begin(ctx, room, questions)
	if err != nil {
		return nil, err
	}
	return c.collect(ctx, room, asked)
}

// begin sends questions without waiting for their answers.
func (c *Client) begin(ctx context.Context, room string, questions []adminItem) ([]*question, error) {
	var asked []*question
	for _, q := range questions {
		one, err := c.begin1(ctx, "get", room, adminPayload{Items: []adminItem{q}})
		if err != nil {
			for _, open := range asked {
				open.giveUp()
			}
			return nil, err
		}
		asked = append(asked, one)
	}
	return asked, nil
}

// collect waits for the answers; all of them are waited for.
func (c *Client) collect(ctx context.Context, room string, asked []*question) (all []adminItem, err error) {
	for _, q := range asked {
		in, failed := c.finish(ctx, room, q)
		switch {
		case failed != nil:
			err = cmp.Or(err, failed)
		case in.Admin == nil:
			err = cmp.Or(err, fmt.Errorf("%s answers without a list", clip(room)))
		default:
			all = append(all, in.Admin.Items...)
		}
	}
	if err != nil {
		return nil, err
	}
	return all, nil
}

// SetAffiliation is XEP-0045 section 9.3 and those like it. Prosody refuses
// none of them to an owner.
func (c *Client) SetAffiliation(ctx context.Context, room, jid string, a moderation.Affiliation) error {
	_, err := c.ask(ctx, "set", room, adminPayload{Items: []adminItem{{Affiliation: string(a), JID: jid}}}, jid)
	return err
}

// SetMembersOnly submits that one field of the room's configuration (XEP-0045
// section 10.2); Prosody leaves the others as they are. For Jitsi's
// mod_muc_lobby_rooms that opens and closes the lobby room.
func (c *Client) SetMembersOnly(ctx context.Context, room string, yes bool) error {
	value := "0"
	if yes {
		value = "1"
	}
	_, err := c.ask(ctx, "set", room, ownerPayload{Form: form{Type: "submit", Fields: []formField{
		{Var: "FORM_TYPE", Type: "hidden", Values: []string{"http://jabber.org/protocol/muc#roomconfig"}},
		{Var: "muc#roomconfig_membersonly", Type: "boolean", Values: []string{value}},
	}}})
	return err
}

// Tell sends a message of type chat, which clients show at once.
func (c *Client) Tell(ctx context.Context, jid, text string) error {
	return c.send(ctx, message{To: jid, Type: "chat", Body: text}, jid, text)
}

// Invite sends an invitation to the account, which its clients may show as they
// like (XEP-0249), and asks the room to send one of its own.
func (c *Client) Invite(ctx context.Context, room, jid, why string) error {
	direct := c.send(ctx, message{To: jid, Direct: &directInvitation{JID: room, Reason: why}}, jid, room)
	mediated := c.send(ctx, message{To: room, Mediated: &mediatedInvitation{Invite: invitation{To: jid, Reason: why}}}, jid, room)
	return errors.Join(direct, mediated)
}

// send has a message written, and waits for no answer.
func (c *Client) send(ctx context.Context, m message, names ...string) error {
	s, err := c.current()
	if err != nil {
		return err
	}
	for _, name := range names {
		if !writable(name) {
			return errUnwritable
		}
	}
	m.From = s.jid
	out, err := xml.Marshal(m)
	if err != nil {
		return err
	}
	select {
	case s.queue <- out:
		s.queued.Add(int64(len(out)))
		return nil
	case <-s.ended:
		return moderation.ErrUnreachable
	case <-ctx.Done():
		return fmt.Errorf("the component's queue is full: %w", ctx.Err())
	}
}

// ask asks a room.
func (c *Client) ask(ctx context.Context, kind, room string, payload any, names ...string) (*iq, error) {
	ctx, cancel := context.WithTimeout(ctx, c.o.AnswerWithin)
	defer cancel()
	q, err := c.begin1(ctx, kind, room, payload, names...)
	if err != nil {
		return nil, err
	}
	return c.finish(ctx, room, q)
}

// askQuietly is ask of what not every Prosody answers: a refusal says nothing about
// the component's rights in rooms.
func (c *Client) askQuietly(ctx context.Context, kind, to string, payload any) (*iq, error) {
	ctx, cancel := context.WithTimeout(ctx, c.o.AnswerWithin)
	defer cancel()
	q, err := c.begin1(ctx, kind, to, payload)
	if err != nil {
		return nil, err
	}
	return q.answer(ctx)
}

// begin1 sends one question.
func (c *Client) begin1(ctx context.Context, kind, room string, payload any, names ...string) (*question, error) {
	s, err := c.current()
	if err != nil {
		return nil, err
	}
	return s.send(ctx, kind, room, payload, names...)
}

// finish waits for an answer, and tells errors of the room from others.
func (c *Client) finish(ctx context.Context, room string, q *question) (*iq, error) {
	in, err := q.answer(ctx)
	refused, ok := errors.AsType[*stanzaError](err)
	switch {
	case err == nil:
		c.lacking.Store(false)
		return in, nil
	case !ok:
		return nil, err
	}
	switch condition := refused.Error(); condition {
	case "item-not-found", "gone":
		return nil, moderation.ErrNoRoom
	case "forbidden", "not-allowed":
		c.lacking.Store(true)
		if _, now := c.forbidden.Allow(); now {
			c.o.Log.LogAttrs(ctx, slog.LevelError, "Prosody does not let the component change rooms", logattr.Room(room),
				slog.String("condition", condition), slog.String("mend", mendRights(q.s.jid)))
		}
		return nil, moderation.ErrForbidden
	case "not-acceptable", "conflict", "jid-malformed":
		return nil, fmt.Errorf("%w: %s", moderation.ErrRefused, condition)
	default:
		return nil, fmt.Errorf("%s answers %s", clip(room), condition)
	}
}

func bare(jid string) string {
	b, _, _ := strings.Cut(jid, "/")
	return b
}

func clip(s string) string { return text.Name(s) }
