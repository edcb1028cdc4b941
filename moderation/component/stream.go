package component

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"
)

const (
	namespace = "jabber:component:accept"
	streams   = "http://etherx.jabber.org/streams"

	handshakeWithin = 10 * time.Second
	maxStanza       = 16 << 20 // bytes: the member list of a large room
)

// A refusal is why Prosody does not take the component.
type refusal struct {
	condition string // of the stream error, RFC 6120 section 4.9.3
	text      string
}

func (r *refusal) Error() string {
	if r.text == "" {
		return "stream error " + r.condition
	}
	return "stream error " + r.condition + ": " + r.text
}

// A stream is one connection on which the handshake succeeded.
type stream struct {
	conn net.Conn
	in   *limited
	dec  *xml.Decoder
}

// open does the handshake of XEP-0114 section 3.
func open(ctx context.Context, conn net.Conn, jid, secret string) (*stream, error) {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := conn.SetDeadline(time.Now().Add(handshakeWithin)); err != nil {
		return nil, err
	}
	s := &stream{conn: conn, in: &limited{r: conn}}
	s.in.reset()
	s.dec = xml.NewDecoder(s.in)
	const header = "<?xml version='1.0'?><stream:stream xmlns='%s' xmlns:stream='%s' to='%s'>"
	if _, err := fmt.Fprintf(conn, header, namespace, streams, escape(jid)); err != nil {
		return nil, err
	}
	id, err := s.header()
	if err != nil {
		return nil, err
	}
	sum := sha1.Sum([]byte(id + secret)) // what the protocol asks for
	if _, err := fmt.Fprintf(conn, "<handshake>%s</handshake>", hex.EncodeToString(sum[:])); err != nil {
		return nil, err
	}
	start, err := s.next()
	if err != nil {
		return nil, err
	}
	if start.Name.Local != "handshake" {
		return nil, fmt.Errorf("<%s> in the place of <handshake>", start.Name.Local)
	}
	if err := s.dec.Skip(); err != nil {
		return nil, err
	}
	return s, conn.SetDeadline(time.Time{})
}

// header reads the opening tag and returns the stream's id.
func (s *stream) header() (string, error) {
	for {
		token, err := s.dec.Token()
		if err != nil {
			return "", err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if start.Name.Local != "stream" || start.Name.Space != streams {
			return "", fmt.Errorf("the server opens with <%s>, which is no XMPP stream", start.Name.Local)
		}
		for _, a := range start.Attr {
			if a.Name.Local == "id" {
				return a.Value, nil
			}
		}
		return "", nil // an error follows
	}
}

// next returns the opening tag of the next stanza, with no attributes but those
// without a namespace. An error of the stream is a
// [*refusal]; the end of the stream is io.EOF.
func (s *stream) next() (xml.StartElement, error) {
	s.in.reset()
	for {
		token, err := s.dec.Token()
		if err != nil {
			return xml.StartElement{}, err
		}
		switch t := token.(type) {
		case xml.EndElement:
			return xml.StartElement{}, io.EOF
		case xml.StartElement:
			if t.Name.Local == "error" && t.Name.Space == streams {
				return xml.StartElement{}, s.refusal(t)
			}
			// Prosody stamps from, and passes on what a client sends of another namespace
			// beside it (x:from), which encoding/xml takes for the same: the last counts.
			t.Attr = slices.DeleteFunc(t.Attr, func(a xml.Attr) bool { return a.Name.Space != "" })
			return t, nil
		}
	}
}

func (s *stream) refusal(start xml.StartElement) error {
	var e struct {
		Text       string `xml:"urn:ietf:params:xml:ns:xmpp-streams text"`
		Conditions []struct {
			XMLName xml.Name
		} `xml:",any"`
	}
	if err := s.dec.DecodeElement(&e, &start); err != nil {
		return err
	}
	r := &refusal{condition: "undefined-condition", text: e.Text}
	if len(e.Conditions) > 0 {
		r.condition = e.Conditions[0].XMLName.Local
	}
	return r
}

// limited bounds what one stanza may have.
type limited struct {
	r    io.Reader
	left int
}

var errStanzaSize = errors.New("a stanza over 16 MiB")

func (l *limited) reset() { l.left = maxStanza }

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errStanzaSize
	}
	n, err := l.r.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}
