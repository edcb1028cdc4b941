package client

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
)

// Occupant is what presence says of somebody in a room (XEP-0045 section 7.2.2).
type Occupant struct {
	Affiliation string
	Role        string
}

// String is role/affiliation.
func (o Occupant) String() string { return o.Role + "/" + o.Affiliation }

// StanzaError is an answer of type error (RFC 6120 section 8.3).
type StanzaError struct {
	Type      string // auth, cancel, modify, wait
	Condition string
	Text      string
}

// Error has the condition.
func (e *StanzaError) Error() string { return e.Type + "/" + e.Condition }

// Item is one line of muc#admin (XEP-0045 section 9).
type Item struct {
	Affiliation string `xml:"affiliation,attr,omitempty"`
	Role        string `xml:"role,attr,omitempty"`
	JID         string `xml:"jid,attr,omitempty"`
	Nick        string `xml:"nick,attr,omitempty"`
}

// ErrLeft says that one is not in a room, or not any more. It is also the error of a join whose answer is a presence of
// the type unavailable: Prosody 13 sends that where an account becomes a member while its join is on the way.
var ErrLeft = errors.New("not in the room")

// Join joins a room and returns what the first presence of one's own said. The error is a [*StanzaError] if the room,
// or the server, said no.
func (s *Session) Join(ctx context.Context, room, nick string) (Occupant, error) {
	s.inbox.begin()
	s.inbox.mu.Lock()
	s.inbox.joined[room] = &seen{nick: nick, shown: map[string]string{}}
	s.inbox.mu.Unlock()
	// Jitsi's lobby wants a name to show.
	name := "<nick xmlns='http://jabber.org/protocol/nick'>" + escape(nick) + "</nick>"
	const muc = "<x xmlns='http://jabber.org/protocol/muc'/>"
	if err := s.Says("<presence to='" + escape(room+"/"+nick) + "'>" + muc + name + "</presence>"); err != nil {
		return Occupant{}, err
	}
	var first Occupant
	err := s.inbox.until(ctx, func() (bool, error) {
		in := s.inbox.joined[room]
		if in.first != nil {
			first = *in.first
		}
		return in.first != nil, in.err
	})
	return first, err
}

// Leave leaves a room and returns when it is left.
func (s *Session) Leave(ctx context.Context, room string) error {
	s.inbox.mu.Lock()
	nick := s.inbox.joined[room].nick
	s.inbox.mu.Unlock()
	if err := s.Says("<presence type='unavailable' to='" + escape(room+"/"+nick) + "'/>"); err != nil {
		return err
	}
	err := s.inbox.until(ctx, func() (bool, error) { return false, s.inbox.joined[room].err })
	if errors.Is(err, ErrLeft) {
		return nil
	}
	return err
}

// Self is what one is in a room now; the error says that one is not in it.
func (s *Session) Self(room string) (Occupant, error) {
	s.inbox.mu.Lock()
	defer s.inbox.mu.Unlock()
	in := s.inbox.joined[room]
	if in == nil || in.self == nil {
		return Occupant{}, ErrLeft
	}
	return *in.self, nil
}

// Shown is what the last presence of an occupant says, as XML.
func (s *Session) Shown(room, nick string) string {
	s.inbox.mu.Lock()
	defer s.inbox.mu.Unlock()
	return s.inbox.joined[room].shown[nick]
}

// Changes is how many presences of one's own there were in a room, with the first.
func (s *Session) Changes(room string) int {
	s.inbox.mu.Lock()
	defer s.inbox.mu.Unlock()
	return s.inbox.joined[room].own
}

// Become waits until one is role/affiliation in a room, or "" for out of it.
func (s *Session) Become(ctx context.Context, room, want string) error {
	last := ""
	err := s.inbox.until(ctx, func() (bool, error) {
		in := s.inbox.joined[room]
		if last = ""; in.self != nil {
			last = in.self.String()
		}
		return last == want, nil
	})
	if err != nil {
		return fmt.Errorf("still %q, not %q: %w", last, want, err)
	}
	return nil
}

// Admin asks a room by muc#admin; kind is get or set.
func (s *Session) Admin(ctx context.Context, room, kind string, item Item) ([]Item, error) {
	payload, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"http://jabber.org/protocol/muc#admin query"`
		Item    Item     `xml:"item"`
	}{Item: item})
	if err != nil {
		return nil, err
	}
	r, err := s.ask(ctx, kind, room, string(payload))
	return r.items, err
}

// InviteTo has a room invite somebody (XEP-0045 section 7.8.2).
func (s *Session) InviteTo(room, jid string) error {
	return s.Says("<message to='" + escape(room) + "'><x xmlns='http://jabber.org/protocol/muc#user'>" +
		"<invite to='" + escape(jid) + "'/></x></message>")
}

// Sees waits until an occupant of a room is shown.
func (s *Session) Sees(ctx context.Context, room, nick string) error {
	return s.inbox.until(ctx, func() (bool, error) { return s.inbox.joined[room].shown[nick] != "", nil })
}

// Absent waits until an occupant of a room is out of it.
func (s *Session) Absent(ctx context.Context, room, nick string) error {
	return s.inbox.until(ctx, func() (bool, error) {
		return strings.Contains(strings.ReplaceAll(s.inbox.joined[room].shown[nick], `"`, `'`), "role='none'"), nil
	})
}
