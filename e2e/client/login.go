package client

import (
	"encoding/xml"
	"errors"
	"fmt"
)

// login goes from the opened connection to the bound or resumed stream. A resumed one has no JID here.
func (s *stream) login(l Login) (jid string, mechanisms []string, err error) {
	features, err := s.open(l.Host)
	if err != nil {
		return "", nil, fmt.Errorf("opening the stream: %w", err)
	}
	if err := s.authenticate(l); err != nil {
		if refused, ok := errors.AsType[*Refused](err); ok {
			return "", nil, refused
		}
		return "", nil, fmt.Errorf("authenticating: %w", err)
	}
	if _, err := s.open(l.Host); err != nil {
		return "", nil, fmt.Errorf("opening the stream again: %w", err)
	}
	if l.Resume != "" {
		return "", features.Mechanisms, s.resume(l.Resume)
	}
	if jid, err = s.bind(l.Resource); err != nil {
		return "", nil, fmt.Errorf("binding a resource: %w", err)
	}
	return jid, features.Mechanisms, nil
}

// bind asks for a resource (RFC 6120 section 7) and returns the full JID.
func (s *stream) bind(resource string) (string, error) {
	request := "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
	if resource != "" {
		request += "<resource>" + escape(resource) + "</resource>"
	}
	if err := s.write(request + "</bind></iq>"); err != nil {
		return "", err
	}
	var reply struct {
		XMLName xml.Name `xml:"iq"`
		Type    string   `xml:"type,attr"`
		JID     string   `xml:"urn:ietf:params:xml:ns:xmpp-bind bind>jid"`
	}
	start, err := s.next()
	if err != nil {
		return "", err
	}
	if err := s.decoder.DecodeElement(&reply, &start); err != nil {
		return "", err
	}
	if reply.Type != "result" || reply.JID == "" {
		return "", fmt.Errorf("the server answered with type %q and JID %q", reply.Type, reply.JID)
	}
	return reply.JID, nil
}

const smNamespace = "urn:xmpp:sm:3"

// enable makes the stream one that can be resumed (XEP-0198 section 3).
func (s *stream) enable() (id string, err error) {
	if err := s.write("<enable xmlns='" + smNamespace + "' resume='true'/>"); err != nil {
		return "", err
	}
	start, err := s.next()
	if err != nil {
		return "", err
	}
	if start.Name != (xml.Name{Space: smNamespace, Local: "enabled"}) || attribute(start, "id") == "" {
		return "", unexpected(start)
	}
	return attribute(start, "id"), s.decoder.Skip()
}

// resume takes up the stream of before (XEP-0198 section 5), of which nothing was handled.
func (s *stream) resume(id string) error {
	if err := s.write("<resume xmlns='" + smNamespace + "' h='0' previd='" + escape(id) + "'/>"); err != nil {
		return err
	}
	start, err := s.next()
	if err != nil {
		return err
	}
	if start.Name != (xml.Name{Space: smNamespace, Local: "resumed"}) {
		return fmt.Errorf("not resumed: %w", unexpected(start))
	}
	return s.decoder.Skip()
}
