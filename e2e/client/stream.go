package client

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
)

// stream is an XMPP stream without TLS (RFC 6120 section 4).
type stream struct {
	conn    net.Conn
	decoder *xml.Decoder
	writing sync.Mutex // what is written at the same time does not mix
}

// serverHeader is how a server's stream begins, for what has another framing on the wire.
const serverHeader = "<stream:stream version='1.0'" +
	" xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"

type features struct {
	Mechanisms []string `xml:"urn:ietf:params:xml:ns:xmpp-sasl mechanisms>mechanism"`
}

// open sends a stream header and reads the server's, with the features. It also restarts a stream
// after SASL: the server is silent then until it has the new header, so the old decoder holds none
// of its bytes.
func (s *stream) open(host string) (features, error) {
	var f features
	err := s.write("<?xml version='1.0'?><stream:stream to='" + escape(host) + "' version='1.0'" +
		" xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>")
	if err != nil {
		return f, err
	}
	s.decoder = xml.NewDecoder(s.conn)
	if start, err := s.next(); err != nil || start.Name.Local != "stream" {
		return f, errors.Join(err, unexpected(start))
	}
	start, err := s.next()
	if err != nil {
		return f, err
	}
	if start.Name.Local != "features" {
		return f, unexpected(start)
	}
	return f, s.decoder.DecodeElement(&f, &start)
}

// next returns the next start element. A stream error (RFC 6120 section 4.9) and the end of the stream are errors.
func (s *stream) next() (xml.StartElement, error) {
	for {
		token, err := s.decoder.Token()
		if err != nil {
			return xml.StartElement{}, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local == "error" && t.Name.Space == "http://etherx.jabber.org/streams" {
				return t, s.streamError(t)
			}
			return t, nil
		case xml.EndElement:
			return xml.StartElement{}, fmt.Errorf("the server ended the stream: %w", io.EOF)
		}
	}
}

// condition is an element that says by its name what is wrong, and in a text.
type condition struct {
	Text string `xml:"text"`
	Any  []struct {
		XMLName xml.Name
	} `xml:",any"`
}

func (c condition) name() string {
	if len(c.Any) == 0 {
		return ""
	}
	return c.Any[0].XMLName.Local
}

func (s *stream) streamError(start xml.StartElement) error {
	var c condition
	if err := s.decoder.DecodeElement(&c, &start); err != nil {
		return err
	}
	return fmt.Errorf("stream error %s: %s", c.name(), c.Text)
}

func (s *stream) write(text string) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	_, err := io.WriteString(s.conn, text)
	return err
}

func unexpected(start xml.StartElement) error {
	return fmt.Errorf("unexpected element %q", start.Name.Local)
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}
