package client

import (
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
)

// A Login is a SASL mechanism and its first message.
type Login struct {
	Mechanism string
	Initial   []byte // nil: none
}

// Anonymous is the login of a browser whose address has the token.
func Anonymous() Login { return Login{Mechanism: "ANONYMOUS"} }

// Plain is a login with a token as the password (RFC 4616).
func Plain(user, token string) Login {
	return Login{"PLAIN", []byte("\x00" + user + "\x00" + token)}
}

// Bearer is a login with a token (RFC 7628).
func Bearer(token string) Login {
	return Login{"OAUTHBEARER", []byte("n,,\x01auth=Bearer " + token + "\x01\x01")}
}

// Login logs in; the stream is to be opened anew then. The error is a [Refused] if the server refused it.
func (s *Stream) Login(ctx context.Context, l Login) error {
	defer s.under(ctx)()
	initial := ""
	if l.Initial != nil {
		initial = base64.StdEncoding.EncodeToString(l.Initial)
	}
	err := s.wire.send("<auth xmlns='" + nsSASL + "' mechanism='" + l.Mechanism + "'>" + initial + "</auth>")
	if err != nil {
		return plain(err)
	}
	for range 2 { // a challenge of OAUTHBEARER is an error that is to be acknowledged
		start, err := s.next()
		if err != nil {
			return err
		}
		switch start.Name {
		case xml.Name{Space: nsSASL, Local: "success"}:
			return s.decoder.Skip()
		case xml.Name{Space: nsSASL, Local: "failure"}:
			var c condition
			if err := s.decoder.DecodeElement(&c, &start); err != nil {
				return plain(err)
			}
			return &Refused{c.name(), c.Text}
		case xml.Name{Space: nsSASL, Local: "challenge"}:
			err = s.decoder.Skip()
			if err == nil {
				err = s.wire.send("<response xmlns='" + nsSASL + "'>AQ==</response>")
			}
			if err != nil {
				return plain(err)
			}
		default:
			return unexpected(start)
		}
	}
	return errors.New("the server has more to ask than this login can answer")
}

// Bind asks for an address, and returns it: account@host/resource.
func (s *Stream) Bind(ctx context.Context) (jid string, err error) {
	answer, err := s.Ask(ctx, "set", "", "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>")
	if err == nil && answer.JID == "" {
		err = errors.New("the server gave no address")
	}
	return answer.JID, err
}

// An Answer is the result of a question.
type Answer struct {
	JID        string // of a binding
	Items      []string
	Identities []string // category/type
	Ready      string   // of a conference of Jitsi's
}

// Ask asks an entity, or with an empty address the server. The error is a [StanzaError] if it refuses.
func (s *Stream) Ask(ctx context.Context, kind, to, payload string) (a Answer, err error) {
	defer s.under(ctx)()
	s.ids++
	id := fmt.Sprintf("try-%d", s.ids)
	address := ""
	if to != "" {
		address = " to='" + escape(to) + "'"
	}
	if err := s.wire.send("<iq type='" + kind + "' id='" + id + "'" + address + ">" + payload + "</iq>"); err != nil {
		return a, plain(err)
	}
	for {
		e, err := s.stanza()
		switch {
		case err != nil:
			return a, err
		case e.XMLName.Local != "iq" || e.ID != id:
		case e.Type == "error":
			return a, e.refusal()
		case e.Type == "result":
			return e.answer(), nil
		}
	}
}
