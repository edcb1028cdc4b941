package component

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"usher/internal/jid"
	"usher/moderation"
)

// Affiliations asks for the four lists of a room (XEP-0045 section 9.5 and
// others).
func (c *Client) Affiliations(ctx context.Context, room string) (map[string]moderation.Affiliation, error) {
	items, err := c.asker.lists(ctx, room, affiliationQuestions())
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
func (c *Client) ReadAndSet(ctx context.Context, room, jid string, a moderation.Affiliation) (
	map[string]moderation.Affiliation, error) {
	ctx, cancel := context.WithTimeout(ctx, c.o.AnswerWithin)
	defer cancel()
	return c.readAndSet(ctx, room, jid, a, affiliationQuestions())
}

func (c *Client) readAndSet(ctx context.Context, room, jid string, a moderation.Affiliation, of []adminItem) (
	map[string]moderation.Affiliation, error) {
	lists, err := c.asker.several(ctx, room, of)
	if err != nil {
		return nil, err
	}
	set, err := c.asker.one(ctx, "set", room, adminPayload{Items: []adminItem{{Affiliation: string(a), JID: jid}}}, jid)
	if err != nil {
		giveUp(lists)
		return nil, err
	}
	items, err := c.asker.collect(ctx, room, lists)
	_, setErr := c.asker.finish(ctx, room, set)
	return affiliationsOf(items), cmp.Or(err, setErr)
}

// Occupants asks for all who are in a room, by role (XEP-0045 sections 8.5 and
// 9.8).
func (c *Client) Occupants(ctx context.Context, room string) ([]moderation.Occupant, error) {
	var questions []adminItem
	for _, r := range []moderation.Role{moderation.RoleModerator, moderation.RoleParticipant, moderation.RoleVisitor} {
		questions = append(questions, adminItem{Role: string(r)})
	}
	items, err := c.asker.lists(ctx, room, questions)
	if err != nil {
		return nil, err
	}
	return occupantsOf(items), nil
}

// Moderators asks for those of a room alone (XEP-0045 section 9.8).
func (c *Client) Moderators(ctx context.Context, room string) ([]moderation.Occupant, error) {
	items, err := c.asker.lists(ctx, room, []adminItem{{Role: string(moderation.RoleModerator)}})
	if err != nil {
		return nil, err
	}
	return occupantsOf(items), nil
}

func occupantsOf(items []adminItem) []moderation.Occupant {
	list := make([]moderation.Occupant, 0, len(items))
	for _, it := range items {
		list = append(list, moderation.Occupant{Nick: it.Nick, JID: bare(it.JID), Full: it.JID,
			Role: moderation.Role(it.Role), Affiliation: moderation.Affiliation(it.Affiliation)})
	}
	return list
}

// SetAffiliation is XEP-0045 section 9.3 and those like it. Prosody refuses
// none of them to an owner.
func (c *Client) SetAffiliation(ctx context.Context, room, jid string, a moderation.Affiliation) error {
	_, err := c.asker.ask(ctx, "set", room, adminPayload{Items: []adminItem{{Affiliation: string(a), JID: jid}}}, jid)
	return err
}

// SetUnlessBanned has the list of who is banned read in the same breath, but before: by
// the answer a ban may have come since the room was read, and is put back.
func (c *Client) SetUnlessBanned(ctx context.Context, room, jid string, a moderation.Affiliation) error {
	ctx, cancel := context.WithTimeout(ctx, c.o.AnswerWithin)
	defer cancel()
	had, err := c.readAndSet(ctx, room, jid, a, []adminItem{{Affiliation: string(moderation.Outcast)}})
	if had[jid] != moderation.Outcast {
		return err
	}
	return cmp.Or(c.SetAffiliation(ctx, room, jid, moderation.Outcast), moderation.ErrBanned)
}

// SetMembersOnly submits that one field of the room's configuration (XEP-0045
// section 10.2); Prosody leaves the others as they are. For Jitsi's
// mod_muc_lobby_rooms that opens and closes the lobby room.
func (c *Client) SetMembersOnly(ctx context.Context, room string, yes bool) error {
	value := "0"
	if yes {
		value = "1"
	}
	_, err := c.asker.ask(ctx, "set", room, ownerPayload{Form: form{Type: "submit", Fields: []formField{
		{Var: "FORM_TYPE", Type: "hidden", Values: []string{"http://jabber.org/protocol/muc#roomconfig"}},
		{Var: "muc#roomconfig_membersonly", Type: "boolean", Values: []string{value}},
	}}})
	return err
}

// Tell sends a message of type chat, which clients show at once.
func (c *Client) Tell(ctx context.Context, jid, text string) error {
	s, err := c.current()
	if err != nil {
		return err
	}
	return s.message(ctx, message{To: jid, Type: "chat", Body: text}, jid, text)
}

// TellAlone sends a message to one full JID: no other client of the account gets a copy (XEP-0280), and no archive
// keeps it (XEP-0334). It is about a room, where that client has this nickname.
func (c *Client) TellAlone(ctx context.Context, room, nick, full, text string) error {
	s, err := c.current()
	if err != nil {
		return err
	}
	yes := &struct{}{}
	m := message{To: full, Type: "chat", Body: text, Notice: &notice{room, nick},
		alone: alone{NoCopy: yes, NoStore: yes, Private: yes}}
	return s.message(ctx, m, full, room, nick, text)
}

// Invite sends an invitation to the account, which its clients may show as they
// like (XEP-0249), and asks the room to send one of its own.
func (c *Client) Invite(ctx context.Context, room, jid, why string) error {
	s, err := c.current()
	if err != nil {
		return err
	}
	direct := s.message(ctx, message{To: jid, Direct: &directInvitation{JID: room, Reason: why}}, jid, room)
	asked := &mediatedInvitation{invitation{To: jid, Reason: why}}
	mediated := s.message(ctx, message{To: room, Mediated: asked}, jid, room)
	return errors.Join(direct, mediated)
}

// MembersOnly asks for the room's configuration.
func (c *Client) MembersOnly(ctx context.Context, room string) (bool, error) {
	fields, err := c.asker.configuration(ctx, room)
	if err != nil {
		return false, err
	}
	switch value, there := fields[fieldMembersOnly]; {
	case value == "1", value == "true":
		return true, nil
	case there && (value == "" || value == "0" || value == "false"):
		return false, nil
	}
	return false, errors.New("the room does not say whether it lets in members only")
}

// MainRoom asks a breakout room whose it is: as clients are told, which is by
// the tenant's address in a room of a tenant.
func (c *Client) MainRoom(ctx context.Context, room string) (string, error) {
	fields, err := c.asker.configuration(ctx, room)
	if err != nil {
		return "", err
	}
	if main := fields[fieldMainRoom]; main != "" && len(main) <= jid.MaxJID {
		return main, nil
	}
	return "", errors.New("the room does not say whose breakout room it is")
}

func bare(jid string) string {
	b, _, _ := strings.Cut(jid, "/")
	return b
}
