package client

import (
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"strings"
)

const saslNamespace = "urn:ietf:params:xml:ns:xmpp-sasl"

// At returns the login with its server and virtual host.
func (l Login) At(addr, host string) Login {
	l.Addr, l.Host = addr, host
	return l
}

// Through returns the login with another way to its server.
func (l Login) Through(via func(ctx context.Context) (net.Conn, error)) Login {
	l.Via = via
	return l
}

// WithoutInitial returns the login with its initial response held back until the server asks with an empty challenge
// (RFC 4422 section 3.3).
func (l Login) WithoutInitial() Login {
	message, respond := l.Initial, l.Respond
	l.Initial = nil
	l.Respond = func(challenge []byte) []byte {
		if len(challenge) == 0 || respond == nil {
			return message
		}
		return respond(challenge)
	}
	return l
}

// Plain is a login by PLAIN (RFC 4616).
func Plain(user, password string) Login { return PlainAuthz("", user, password) }

// PlainAuthz is Plain with an authorization identity.
func PlainAuthz(authzid, user, password string) Login {
	return Login{Mechanism: "PLAIN", Initial: []byte(authzid + "\x00" + user + "\x00" + password)}
}

// Bearer is a login by OAUTHBEARER (RFC 7628). It answers an error challenge with 0x01, as section 3.2.3 wants it.
func Bearer(token string) Login {
	return Login{
		Mechanism: "OAUTHBEARER",
		Initial:   []byte("n,,\x01auth=Bearer " + token + "\x01\x01"),
		Respond:   func([]byte) []byte { return []byte{1} },
	}
}

// Anonymous is a login by ANONYMOUS with trace information (RFC 4505).
func Anonymous(trace string) Login { return Login{Mechanism: "ANONYMOUS", Initial: []byte(trace)} }

// authenticate returns nil after the server's success, and a [*Refused] after its failure.
func (s *stream) authenticate(l Login) error {
	initial := ""
	if l.Initial != nil {
		initial = encode(l.Initial)
	}
	err := s.write("<auth xmlns='" + saslNamespace + "' mechanism='" + escape(l.Mechanism) + "'>" + initial + "</auth>")
	if err != nil {
		return err
	}
	var challenge []byte
	for {
		start, err := s.next()
		if err != nil {
			return err
		}
		switch start.Name {
		case xml.Name{Space: saslNamespace, Local: "success"}:
			return s.decoder.Skip()
		case xml.Name{Space: saslNamespace, Local: "failure"}:
			return s.failure(start, challenge)
		case xml.Name{Space: saslNamespace, Local: "challenge"}:
			if challenge, err = s.answer(start, l.Respond); err != nil {
				return err
			}
		default:
			return unexpected(start)
		}
	}
}

// answer responds to a challenge and returns it, never nil.
func (s *stream) answer(start xml.StartElement, respond func([]byte) []byte) ([]byte, error) {
	var text string
	if err := s.decoder.DecodeElement(&text, &start); err != nil {
		return nil, err
	}
	challenge, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil && text != "=" { // a lone "=" is an empty challenge
		return nil, fmt.Errorf("challenge %q: %w", text, err)
	}
	if respond == nil {
		return nil, errors.New("the server sent a challenge, and there is nothing to answer it with")
	}
	err = s.write("<response xmlns='" + saslNamespace + "'>" + encode(respond(challenge)) + "</response>")
	return append([]byte{}, challenge...), err
}

func (s *stream) failure(start xml.StartElement, challenge []byte) error {
	var c condition
	if err := s.decoder.DecodeElement(&c, &start); err != nil {
		return err
	}
	return &Refused{Condition: c.name(), Text: c.Text, Challenge: challenge}
}

// encode writes an empty message as "=" (RFC 6120 section 6.4.2).
func encode(message []byte) string {
	if len(message) == 0 {
		return "="
	}
	return base64.StdEncoding.EncodeToString(message)
}
