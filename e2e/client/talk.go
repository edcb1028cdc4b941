package client

import (
	"context"
	"slices"
	"strings"
)

// A note is a message that came.
type note struct {
	from, body string
	direct     string // the room of an invitation by XEP-0249
	mediated   string // the room of one that the room sent
	json       string // of Jitsi's modules
}

// incoming is a message as far as it is looked at.
type incoming struct {
	Body   string `xml:"body"`
	Direct *struct {
		JID string `xml:"jid,attr"`
	} `xml:"jabber:x:conference x"`
	Mediated struct {
		Invite *struct{} `xml:"invite"`
	} `xml:"http://jabber.org/protocol/muc#user x"`
	JSON string `xml:"http://jitsi.org/jitmeet json-message"`
}

func (m *incoming) note(from string) note {
	n := note{from: from, body: m.Body, json: m.JSON}
	if m.Direct != nil {
		n.direct = m.Direct.JID
	}
	if m.Mediated.Invite != nil {
		n.mediated, _, _ = strings.Cut(from, "/")
	}
	return n
}

// Says sends a stanza as it is written.
func (s *Session) Says(text string) error {
	s.inbox.begin()
	return s.stream.write(text)
}

// Available sends the initial presence, without which no message reaches the account (RFC 6121 section 8.5.2).
func (s *Session) Available() error { return s.Says("<presence/>") }

// Invited waits until invitations to a room have come of both kinds.
func (s *Session) Invited(ctx context.Context, room string) error {
	return s.inbox.until(ctx, func() (bool, error) {
		direct := slices.ContainsFunc(s.inbox.notes, func(n note) bool { return n.direct == room })
		mediated := slices.ContainsFunc(s.inbox.notes, func(n note) bool { return n.mediated == room })
		return direct && mediated, nil
	})
}

// InvitedBy waits until a room itself has sent an invitation, as Jitsi's moderators let people in from the lobby.
func (s *Session) InvitedBy(ctx context.Context, room string) error {
	return s.inbox.until(ctx, func() (bool, error) {
		return slices.ContainsFunc(s.inbox.notes, func(n note) bool { return n.mediated == room }), nil
	})
}

// Told waits for a message with this text in it.
func (s *Session) Told(ctx context.Context, from, text string) error {
	said := func(n note) bool { return n.from == from && strings.Contains(n.body, text) }
	return s.inbox.until(ctx, func() (bool, error) { return slices.ContainsFunc(s.inbox.notes, said), nil })
}

// Hears waits for a message from an address with this text in it, and returns all that it says: its body, or the JSON
// of Jitsi's modules.
func (s *Session) Hears(ctx context.Context, from, text string) (said string, err error) {
	err = s.inbox.until(ctx, func() (bool, error) {
		for _, n := range s.inbox.notes {
			if n.from == from && strings.Contains(n.body+n.json, text) {
				said = n.body + n.json
			}
		}
		return said != "", nil
	})
	return said, err
}

// Notified waits for a message of one of Jitsi's modules that has all of these texts in it.
func (s *Session) Notified(ctx context.Context, from string, texts ...string) error {
	return s.inbox.until(ctx, func() (bool, error) { return s.inbox.notifiedLocked(from, texts), nil })
}

// WasNotified is what Notified waits for, by now.
func (s *Session) WasNotified(from string, texts ...string) bool {
	s.inbox.mu.Lock()
	defer s.inbox.mu.Unlock()
	return s.inbox.notifiedLocked(from, texts)
}

func (b *inbox) notifiedLocked(from string, texts []string) bool {
	return slices.ContainsFunc(b.notes, func(n note) bool {
		return n.from == from && n.json != "" &&
			!slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(n.json, text) })
	})
}

// Messages returns how many messages with a text came.
func (s *Session) Messages(from string) int {
	s.inbox.mu.Lock()
	defer s.inbox.mu.Unlock()
	return s.inbox.countLocked(from)
}

// Say sends a message to everybody in a room.
func (s *Session) Say(room, text string) error { return s.Says(message("groupchat", room, text)) }

// Echo sends a message, of type chat or groupchat, and returns when one more has come: from one's own address, when it
// went there, or from oneself in the room.
func (s *Session) Echo(ctx context.Context, kind, to, from string) error {
	before := s.Messages(from)
	if err := s.Says(message(kind, to, "echo")); err != nil {
		return err
	}
	return s.inbox.until(ctx, func() (bool, error) { return s.inbox.countLocked(from) > before, nil })
}

func message(kind, to, text string) string {
	return "<message type='" + kind + "' to='" + escape(to) + "'><body>" + escape(text) + "</body></message>"
}

// ask sends an IQ and waits for its answer.
func (s *Session) ask(ctx context.Context, kind, to, payload string) (reply, error) {
	id := s.inbox.newID()
	return s.inbox.ask(ctx, id, "<iq type='"+kind+"' id='"+id+"' to='"+escape(to)+"'>"+payload+"</iq>")
}

// Asks sends an IQ as it is written, and waits for the answer with its identifier.
func (s *Session) Asks(ctx context.Context, id, iq string) error {
	_, err := s.inbox.ask(ctx, id, iq)
	return err
}

// Ping asks a host whether it is there (XEP-0199).
func (s *Session) Ping(ctx context.Context, host string) error {
	_, err := s.ask(ctx, "get", host, "<ping xmlns='urn:xmpp:ping'/>")
	return err
}

// Features asks what a room, or another entity, has (XEP-0030).
func (s *Session) Features(ctx context.Context, jid string) ([]string, error) {
	r, err := s.ask(ctx, "get", jid, "<query xmlns='http://jabber.org/protocol/disco#info'/>")
	return r.features, err
}

// Conference asks jicofo for a room (XMPP address focus.DOMAIN), as Jitsi's client does before it joins; the token goes
// along if there is one. It tells whether the room is ready.
func (s *Session) Conference(ctx context.Context, focus, room, token string) (ready bool, err error) {
	attributes := "xmlns='http://jitsi.org/protocol/focus' room='" + escape(room) + "' machine-uid='0'"
	if token != "" {
		attributes += " token='" + escape(token) + "'"
	}
	r, err := s.ask(ctx, "set", focus, "<conference "+attributes+"/>")
	return r.ready == "true", err
}

// Record asks an occupant, by the full address in a room, to record, as Jitsi's client asks jicofo.
func (s *Session) Record(ctx context.Context, occupant string) error {
	_, err := s.ask(ctx, "set", occupant,
		"<jibri xmlns='http://jitsi.org/protocol/jibri' action='start' recording_mode='file'/>")
	return err
}

// MembersOnly changes by hand whether a room is for members only, as Jitsi's client does for its lobby.
func (s *Session) MembersOnly(ctx context.Context, room string, only bool) error {
	value := map[bool]string{true: "1", false: "0"}[only]
	_, err := s.ask(ctx, "set", room, "<query xmlns='http://jabber.org/protocol/muc#owner'>"+
		"<x xmlns='jabber:x:data' type='submit'>"+
		"<field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field><field var='muc#roomconfig_membersonly'><value>"+value+"</value></field></x></query>")
	return err
}

// Command submits a form to an ad-hoc command (XEP-0050) and returns the note that came back.
func (s *Session) Command(ctx context.Context, jid, node string, fields map[string]string) (string, error) {
	var form strings.Builder
	for name, value := range fields {
		form.WriteString("<field var='" + escape(name) + "'><value>" + escape(value) + "</value></field>")
	}
	r, err := s.ask(ctx, "set", jid, "<command xmlns='http://jabber.org/protocol/commands' node='"+escape(node)+"'"+
		" action='complete'><x xmlns='jabber:x:data' type='submit'>"+form.String()+"</x></command>")
	if err != nil {
		return "", err
	}
	return r.note, nil
}

// Answers sends an answer that nobody may have asked for.
func (s *Session) Answers(kind, to, id string) error {
	payload := ""
	if kind == "error" {
		payload = "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
	}
	return s.Says("<iq type='" + kind + "' to='" + escape(to) + "' id='" + escape(id) + "'>" + payload + "</iq>")
}
