package client

import (
	"context"
	"encoding/xml"
	"slices"
	"strings"
)

// A stanza is what is read of an iq, a presence or a message.
type stanza struct {
	XMLName xml.Name
	From    string     `xml:"from,attr"`
	ID      string     `xml:"id,attr"`
	Type    string     `xml:"type,attr"`
	Error   *condition `xml:"error"`
	JID     string     `xml:"urn:ietf:params:xml:ns:xmpp-bind bind>jid"`
	Items   []struct {
		JID string `xml:"jid,attr"`
	} `xml:"http://jabber.org/protocol/disco#items query>item"`
	Identities []struct {
		Category string `xml:"category,attr"`
		Type     string `xml:"type,attr"`
	} `xml:"http://jabber.org/protocol/disco#info query>identity"`
	Conference *struct {
		Ready string `xml:"ready,attr"`
	} `xml:"http://jitsi.org/protocol/focus conference"`
	User *struct {
		Item struct {
			Affiliation string `xml:"affiliation,attr"`
			Role        string `xml:"role,attr"`
		} `xml:"item"`
		Status []struct {
			Code string `xml:"code,attr"`
		} `xml:"status"`
	} `xml:"http://jabber.org/protocol/muc#user x"`
}

func (e *stanza) refusal() error {
	if e.Error == nil {
		return &StanzaError{Condition: "no condition"}
	}
	return &StanzaError{e.Error.name(), e.Error.Text}
}

func (e *stanza) answer() (a Answer) {
	a.JID = e.JID
	for _, i := range e.Items {
		a.Items = append(a.Items, i.JID)
	}
	for _, i := range e.Identities {
		a.Identities = append(a.Identities, i.Category+"/"+i.Type)
	}
	if e.Conference != nil {
		a.Ready = e.Conference.Ready
	}
	return a
}

func (e *stanza) has(status string) bool {
	return e.User != nil && slices.ContainsFunc(e.User.Status, func(s struct {
		Code string `xml:"code,attr"`
	}) bool {
		return s.Code == status
	})
}

// stanza reads the next one.
func (s *Stream) stanza() (*stanza, error) {
	start, err := s.next()
	if err != nil {
		return nil, err
	}
	var e stanza
	if err := s.decoder.DecodeElement(&e, &start); err != nil {
		return nil, plain(err)
	}
	return &e, nil
}

// An Occupant is what an account is in a room.
type Occupant struct {
	Affiliation, Role string
	Created           bool // the room was made by this join
}

// String has the role first: moderator/owner.
func (o Occupant) String() string { return o.Role + "/" + o.Affiliation }

// Join joins a room, and returns what the first presence of its own says. The error is a [StanzaError] if the join was
// refused.
func (s *Stream) Join(ctx context.Context, room, nick string) (Occupant, error) {
	defer s.under(ctx)()
	err := s.wire.send("<presence to='" + escape(room+"/"+nick) + "'><x xmlns='http://jabber.org/protocol/muc'/>" +
		"</presence>")
	if err != nil {
		return Occupant{}, plain(err)
	}
	return s.own(room, func(*stanza) bool { return true })
}

// Become waits until the affiliation of its own is another, and returns what it is then.
func (s *Stream) Become(ctx context.Context, room, affiliation string) (Occupant, error) {
	defer s.under(ctx)()
	return s.own(room, func(e *stanza) bool { return e.User.Item.Affiliation == affiliation })
}

// own waits for a presence of its own in a room that is wanted.
func (s *Stream) own(room string, wanted func(*stanza) bool) (Occupant, error) {
	for {
		e, err := s.stanza()
		if err != nil {
			return Occupant{}, err
		}
		if e.XMLName.Local != "presence" || !strings.EqualFold(bare(e.From), room) {
			continue
		}
		if e.Type == "error" {
			return Occupant{}, e.refusal()
		}
		if e.has("110") && wanted(e) {
			return Occupant{e.User.Item.Affiliation, e.User.Item.Role, e.has("201")}, nil
		}
	}
}

// Leave leaves a room, and returns when it has let go.
func (s *Stream) Leave(ctx context.Context, room, nick string) error {
	defer s.under(ctx)()
	if err := s.wire.send("<presence type='unavailable' to='" + escape(room+"/"+nick) + "'/>"); err != nil {
		return plain(err)
	}
	for {
		e, err := s.stanza()
		if err != nil {
			return err
		}
		if e.XMLName.Local == "presence" && e.Type == "unavailable" && e.has("110") &&
			strings.EqualFold(bare(e.From), room) {
			return nil
		}
	}
}

// Destroy ends a room, which an owner may.
func (s *Stream) Destroy(ctx context.Context, room string) error {
	_, err := s.Ask(ctx, "set", room, "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>")
	return err
}

func bare(jid string) string {
	b, _, _ := strings.Cut(jid, "/")
	return b
}
