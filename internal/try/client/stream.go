package client

import (
	"context"
	"crypto/tls"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// The bounds of what is read.
const (
	MaxBytes   = 1 << 20   // of a stream, in bytes
	MaxMessage = 256 << 10 // of a WebSocket message, in bytes
)

// A wire carries what is written as elements, and gives what comes as one stream of XML.
type wire interface {
	io.Reader
	send(text string) error
	open(host string) string // what opens the stream
	end() string             // what ends it
}

// header is how a server's stream begins, for what has another framing on the wire.
const header = "<stream:stream version='1.0' xmlns='jabber:client' xmlns:stream='" + nsStream + "'>"

// A Stream is an XMPP stream of a client.
type Stream struct {
	conn    net.Conn
	wire    wire
	decoder *xml.Decoder
	silent  bool // nothing came in time, which ends a decoder
	host    string
	ids     int
}

// Features are what a server offers at the beginning of a stream.
type Features struct {
	Mechanisms []string `xml:"urn:ietf:params:xml:ns:xmpp-sasl mechanisms>mechanism"`
	TLS        *struct {
		Required *struct{} `xml:"required"`
	} `xml:"urn:ietf:params:xml:ns:xmpp-tls starttls"`
}

// Over begins a stream on a connection of TCP, to a virtual host.
func Over(conn net.Conn, host string) *Stream {
	return &Stream{conn: conn, wire: newTCP(conn), host: host}
}

// under bounds what is read and written by the context. The function that is returned lifts that.
func (s *Stream) under(ctx context.Context) (release func()) {
	deadline, _ := ctx.Deadline() // none: the zero time, which is no deadline
	conn := s.conn
	if s.silent { // between two elements, or what follows is no XML
		s.silent = false
		s.decoder = xml.NewDecoder(io.MultiReader(strings.NewReader(header), s.wire))
		_, _ = s.decoder.Token()
	}
	_ = conn.SetDeadline(deadline)
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	return func() { stop() }
}

// Open opens the stream, or opens it anew after a login or STARTTLS, and returns what the server offers.
func (s *Stream) Open(ctx context.Context) (f Features, err error) {
	defer s.under(ctx)()
	if err := s.wire.send(s.wire.open(s.host)); err != nil {
		return f, err
	}
	// The server is silent until it has this header: whatever the decoder before has read ahead is none of its answer.
	s.decoder = xml.NewDecoder(s.wire)
	start, err := s.next()
	if err == nil && start.Name.Local != "stream" {
		err = unexpected(start)
	}
	if err == nil {
		start, err = s.next()
	}
	if err != nil {
		return f, err
	}
	if start.Name.Local != "features" {
		return f, unexpected(start)
	}
	err = s.decoder.DecodeElement(&f, &start)
	for i := range f.Mechanisms {
		f.Mechanisms[i] = strings.TrimSpace(f.Mechanisms[i])
	}
	return f, err
}

// StartTLS encrypts the stream of TCP; it is to be opened anew then. The error is the handshake's, or a [StreamError].
func (s *Stream) StartTLS(ctx context.Context, config *tls.Config) (*tls.Conn, error) {
	defer s.under(ctx)()
	if err := s.wire.send("<starttls xmlns='" + nsTLS + "'/>"); err != nil {
		return nil, err
	}
	start, err := s.next()
	if err != nil {
		return nil, err
	}
	if start.Name != (xml.Name{Space: nsTLS, Local: "proceed"}) {
		return nil, unexpected(start)
	}
	conn := tls.Client(s.conn, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	s.conn, s.wire = conn, newTCP(conn)
	return conn, nil
}

// next returns the next start element. A stream error and the end of the stream are errors.
func (s *Stream) next() (xml.StartElement, error) {
	for {
		token, err := s.decoder.Token()
		if err != nil {
			err = plain(err)
			s.silent = errors.Is(err, ErrSilent)
			return xml.StartElement{}, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name == (xml.Name{Space: nsStream, Local: "error"}) {
				var c condition
				if err := s.decoder.DecodeElement(&c, &t); err != nil {
					return t, plain(err)
				}
				return t, &StreamError{c.name(), c.Text}
			}
			return t, nil
		case xml.EndElement:
			return xml.StartElement{}, &StreamError{"closed", ""}
		}
	}
}

// plain is an error of reading for people: a deadline that is over is silence, and the addresses of the connection are
// known.
func plain(err error) error {
	if of, ok := errors.AsType[net.Error](err); ok && of.Timeout() {
		return ErrSilent
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &StreamError{"closed", ""}
	}
	if of, ok := errors.AsType[*net.OpError](err); ok {
		return of.Err
	}
	return err
}

// ErrSilent says that the server did not answer in time.
var ErrSilent = errors.New("no answer in time")

func unexpected(start xml.StartElement) error {
	return fmt.Errorf("unexpected element %.32q", start.Name.Local)
}

// Close ends the stream and the connection, within a second or so.
func (s *Stream) Close() error {
	_ = s.conn.SetDeadline(time.Now().Add(time.Second)) // over BOSH the goodbye has an answer
	_ = s.wire.send(s.wire.end())                       // a courtesy: the connection closes in any case
	return s.conn.Close()
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}

// tcp is a stream as it is on TCP.
type tcp struct {
	*capped
	conn net.Conn
}

func newTCP(conn net.Conn) *tcp { return &tcp{&capped{conn, MaxBytes}, conn} }

func (t *tcp) send(text string) error {
	_, err := io.WriteString(t.conn, text)
	return err
}

func (t *tcp) open(host string) string {
	return "<?xml version='1.0'?><stream:stream to='" + escape(host) + "' version='1.0' xmlns='jabber:client'" +
		" xmlns:stream='" + nsStream + "'>"
}

func (t *tcp) end() string { return "</stream:stream>" }

// capped reads so many bytes and no more.
type capped struct {
	from io.Reader
	left int
}

func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, ErrTooMuch
	}
	n, err := c.from.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}
