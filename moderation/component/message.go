package component

import (
	"context"
	"encoding/xml"
	"fmt"

	"usher/moderation"
)

// A message is what is sent to people (RFC 6121 section 5).
type message struct {
	XMLName  xml.Name            `xml:"message"`
	From     string              `xml:"from,attr"`
	To       string              `xml:"to,attr"`
	Type     string              `xml:"type,attr,omitempty"`
	Body     string              `xml:"body,omitempty"`
	Direct   *directInvitation   `xml:"jabber:x:conference x"`
	Mediated *mediatedInvitation `xml:"http://jabber.org/protocol/muc#user x"`
	Notice   *notice             `xml:"urn:usher:lobby notice"`
	alone
}

// A notice says that the message is for one occupant of a room. A gateway that passes it on shows it as the room's.
type notice struct {
	Room string `xml:"room,attr"`
	Nick string `xml:"nick,attr"`
}

// alone has a message reach one client only, and no archive.
type alone struct {
	NoCopy  *struct{} `xml:"urn:xmpp:hints no-copy"`
	NoStore *struct{} `xml:"urn:xmpp:hints no-store"`
	Private *struct{} `xml:"urn:xmpp:carbons:2 private"`
}

// A directInvitation is that of XEP-0249.
type directInvitation struct {
	JID    string `xml:"jid,attr"`
	Reason string `xml:"reason,attr,omitempty"`
}

// A mediatedInvitation is that of XEP-0045 section 7.8.2.
type mediatedInvitation struct {
	Invite invitation `xml:"invite"`
}

type invitation struct {
	To     string `xml:"to,attr"`
	Reason string `xml:"reason,omitempty"`
}

// A form is that of XEP-0004.
type form struct {
	XMLName      xml.Name    `xml:"jabber:x:data x"`
	Type         string      `xml:"type,attr"`
	Title        string      `xml:"title,omitempty"`
	Instructions string      `xml:"instructions,omitempty"`
	Fields       []formField `xml:"field"`
}

type formField struct {
	Var      string       `xml:"var,attr,omitempty"`
	Type     string       `xml:"type,attr,omitempty"`
	Label    string       `xml:"label,attr,omitempty"`
	Required *struct{}    `xml:"required"`
	Values   []string     `xml:"value"`
	Options  []formOption `xml:"option"`
}

type formOption struct {
	Label string `xml:"label,attr"`
	Value string `xml:"value"`
}

// An ownerPayload changes a room's configuration (XEP-0045 section 10.2).
type ownerPayload struct {
	XMLName xml.Name `xml:"http://jabber.org/protocol/muc#owner query"`
	Form    form
}

// message has a message written, and waits for no answer.
func (s *session) message(ctx context.Context, m message, names ...string) error {
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
