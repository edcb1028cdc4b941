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
}

func (m *incoming) note(from string) note {
	n := note{from: from, body: m.Body}
	if m.Direct != nil {
		n.direct = m.Direct.JID
	}
	if m.Mediated.Invite != nil {
		n.mediated, _, _ = strings.Cut(from, "/")
	}
	return n
}

// Available sends the initial presence, without which no message reaches the account (RFC 6121 section 8.5.2).
func (s *Session) Available() error {
	s.begin()
	return s.send("<presence/>")
}

// Invited waits until invitations to a room have come of both kinds.
func (s *Session) Invited(ctx context.Context, room string) error {
	return s.until(ctx, func() (bool, error) {
		direct := slices.ContainsFunc(s.rooms.notes, func(n note) bool { return n.direct == room })
		mediated := slices.ContainsFunc(s.rooms.notes, func(n note) bool { return n.mediated == room })
		return direct && mediated, nil
	})
}

// Told waits for a message with this text in it.
func (s *Session) Told(ctx context.Context, from, text string) error {
	return s.until(ctx, func() (bool, error) {
		return slices.ContainsFunc(s.rooms.notes, func(n note) bool {
			return n.from == from && strings.Contains(n.body, text)
		}), nil
	})
}

// Messages returns how many messages with a text came.
func (s *Session) Messages(from string) (n int) {
	s.rooms.mu.Lock()
	defer s.rooms.mu.Unlock()
	return s.count(from)
}

// count wants the lock.
func (s *Session) count(from string) (n int) {
	for _, m := range s.rooms.notes {
		if m.from == from && m.body != "" {
			n++
		}
	}
	return n
}

// InviteTo has a room invite somebody (XEP-0045 section 7.8.2).
func (s *Session) InviteTo(room, jid string) error {
	s.begin()
	return s.send("<message to='" + escape(room) + "'><x xmlns='http://jabber.org/protocol/muc#user'><invite to='" +
		escape(jid) + "'/></x></message>")
}

// Say sends a message to everybody in a room.
func (s *Session) Say(room, text string) error {
	s.begin()
	return s.send("<message type='groupchat' to='" + escape(room) + "'><body>" + escape(text) + "</body></message>")
}

// Echo sends a message to one's own address, and returns when it has come.
func (s *Session) Echo(ctx context.Context, own string) error {
	return s.echo(ctx, own, "<message to='"+escape(own)+"' type='chat'><body>echo</body></message>")
}

// EchoOf says something in a room, and returns when one has heard it.
func (s *Session) EchoOf(ctx context.Context, room, nick string) error {
	return s.echo(ctx, room+"/"+nick, "<message to='"+escape(room)+"' type='groupchat'><body>echo</body></message>")
}

func (s *Session) echo(ctx context.Context, from, message string) error {
	s.begin()
	before := s.Messages(from)
	if err := s.send(message); err != nil {
		return err
	}
	return s.until(ctx, func() (bool, error) { return s.count(from) > before, nil })
}
