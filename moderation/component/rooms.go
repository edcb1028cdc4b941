package component

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"usher/moderation"
)

// Affiliations asks for the four lists of a room (XEP-0045 section 9.5 and
// others).
func (c *Client) Affiliations(ctx context.Context, room string) (map[string]moderation.Affiliation, error) {
	lists := []moderation.Affiliation{moderation.Owner, moderation.Admin, moderation.Member, moderation.Outcast}
	questions := make([]adminItem, len(lists))
	for i, a := range lists {
		questions[i] = adminItem{Affiliation: string(a)}
	}
	items, err := c.lists(ctx, room, questions)
	if err != nil {
		return nil, err
	}
	has := make(map[string]moderation.Affiliation, len(items))
	for _, it := range items {
		has[bare(it.JID)] = moderation.Affiliation(it.Affiliation)
	}
	return has, nil
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
	type part struct {
		items []adminItem
		err   error
	}
	parts := make(chan part, len(questions))
	for _, q := range questions {
		go func() {
			in, err := c.ask(ctx, "get", room, adminPayload{Items: []adminItem{q}})
			switch {
			case err != nil:
				parts <- part{err: err}
			case in.Admin == nil:
				parts <- part{err: fmt.Errorf("%s answers without a list", room)}
			default:
				parts <- part{items: in.Admin.Items}
			}
		}()
	}
	var all []adminItem
	var errs []error
	for range questions {
		p := <-parts
		all, errs = append(all, p.items...), append(errs, p.err)
	}
	for _, err := range errs {
		if err != nil {
			return nil, err // the first says it; the others are the same
		}
	}
	return all, nil
}

// SetAffiliation is XEP-0045 section 9.3 and those like it. Prosody refuses
// none of them to an owner.
func (c *Client) SetAffiliation(ctx context.Context, room, jid string, a moderation.Affiliation) error {
	_, err := c.ask(ctx, "set", room, adminPayload{Items: []adminItem{{Affiliation: string(a), JID: jid}}}, jid)
	return err
}

// MainRoom asks a breakout room whose it is: the field
// muc#roominfo_breakout_main_room that Jitsi's mod_muc_breakout_rooms adds to
// a room's information (XEP-0045 section 6.4).
func (c *Client) MainRoom(ctx context.Context, room string) (string, error) {
	in, err := c.ask(ctx, "get", room, discoPayload{})
	if err != nil {
		return "", err
	}
	if in.Disco != nil {
		for _, form := range in.Disco.Forms {
			for _, f := range form.Fields {
				if f.Var == "muc#roominfo_breakout_main_room" && len(f.Values) == 1 {
					return f.Values[0], nil
				}
			}
		}
	}
	return "", errors.New("the room does not say whose breakout room it is")
}

// ask asks a room, and tells errors of the room from others.
func (c *Client) ask(ctx context.Context, kind, room string, payload any, names ...string) (*iq, error) {
	s, err := c.current()
	if err != nil {
		return nil, err
	}
	in, err := s.ask(ctx, kind, room, payload, names...)
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
		if c.forbidden.now() {
			c.o.Log.LogAttrs(ctx, slog.LevelError, "Prosody does not let the component change rooms", slog.String("room", clip(room)),
				slog.String("condition", condition), slog.String("mend", mendRights(s.jid)))
		}
		return nil, moderation.ErrForbidden
	default:
		return nil, fmt.Errorf("%s answers %s", clip(room), condition)
	}
}

func bare(jid string) string {
	b, _, _ := strings.Cut(jid, "/")
	return b
}

// clip cuts a name of unknown origin for a log line.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
