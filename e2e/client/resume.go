package client

import (
	"encoding/xml"
	"fmt"
)

const smNamespace = "urn:xmpp:sm:3"

// Resumable makes the stream one that can be resumed (XEP-0198 section 3), and returns its identifier. It comes before
// anything else is done with the session.
func (s *Session) Resumable() (id string, err error) {
	if err := s.stream.write("<enable xmlns='" + smNamespace + "' resume='true'/>"); err != nil {
		return "", err
	}
	start, err := s.stream.next()
	if err != nil {
		return "", err
	}
	if start.Name != (xml.Name{Space: smNamespace, Local: "enabled"}) || attribute(start, "id") == "" {
		return "", unexpected(start)
	}
	return attribute(start, "id"), s.stream.decoder.Skip()
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
