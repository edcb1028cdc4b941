// Package focus is a stand-in for jicofo, of which it has one answer: lib-jitsi-meet asks
// focus.DOMAIN for a conference and joins the room only once that is ready. Jicofo would create
// and join the room first, as an owner, and lead the calls; this one is never in a room itself,
// and asks its user to make the room.
package focus

import (
	"context"
	"crypto/sha1"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
)

// namespace is the one of jicofo's conference IQ.
const namespace = "http://jitsi.org/protocol/focus"

// Config says where the component connects.
type Config struct {
	Addr   string // Prosody's address for components, host:port
	Host   string // focus.meet.example.com
	Secret string

	// Begin makes the room of a conference that is asked for, before the answer; nil: the room makes itself. An error
	// is the answer "not ready".
	Begin func(room string) error
}

// A Question is one for a conference, as it arrived.
type Question struct{ Room, From, Token string }

// Focus is the component while it is connected (XEP-0114).
type Focus struct {
	conn net.Conn
	dec  *xml.Decoder
	done chan struct{}

	begin func(room string) error

	mu    sync.Mutex
	asked []Question
}

// Start connects to Prosody and answers until Close. The context bounds the start.
func Start(ctx context.Context, c Config) (*Focus, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.Addr)
	if err != nil {
		return nil, fmt.Errorf("connecting the stand-in for jicofo: %w", err)
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	f := &Focus{begin: c.Begin, conn: conn, dec: xml.NewDecoder(conn), done: make(chan struct{})}
	if err := f.shakeHands(c); err != nil {
		return nil, errors.Join(fmt.Errorf("the stand-in for jicofo: %w", err), conn.Close())
	}
	go f.serve()
	return f, nil
}

// Close ends the component.
func (f *Focus) Close() error {
	err := f.conn.Close()
	<-f.done
	return err
}

// Rooms are the conferences that were asked for so far, in the order of the questions.
func (f *Focus) Rooms() []string {
	var rooms []string
	for _, q := range f.Questions() {
		rooms = append(rooms, q.Room)
	}
	return rooms
}

// Questions are those for conferences so far.
func (f *Focus) Questions() []Question {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

func (f *Focus) shakeHands(c Config) error {
	_, err := fmt.Fprintf(f.conn, "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "+
		"xmlns:stream='http://etherx.jabber.org/streams' to='%s'>", escape(c.Host))
	if err != nil {
		return err
	}
	header, err := f.next()
	if err != nil {
		return err
	}
	for _, a := range header.Attr {
		if a.Name.Local == "id" {
			_, err = fmt.Fprintf(f.conn, "<handshake>%x</handshake>", sha1.Sum([]byte(a.Value+c.Secret)))
		}
	}
	if err != nil {
		return err
	}
	answer, err := f.next()
	if err == nil && answer.Name.Local != "handshake" {
		err = fmt.Errorf("prosody answered <%s/>", answer.Name.Local)
	}
	if err != nil {
		return err
	}
	return f.dec.Skip()
}

// next is the next element's beginning.
func (f *Focus) next() (xml.StartElement, error) {
	for {
		token, err := f.dec.Token()
		if err != nil {
			return xml.StartElement{}, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			return token, nil
		case xml.EndElement:
			return xml.StartElement{}, io.EOF // of the stream
		}
	}
}

// question is what an IQ may ask.
type question struct {
	XMLName    xml.Name
	From       string `xml:"from,attr"`
	To         string `xml:"to,attr"`
	ID         string `xml:"id,attr"`
	Type       string `xml:"type,attr"`
	Conference *struct {
		Room  string `xml:"room,attr"`
		Token string `xml:"token,attr"`
	} `xml:"http://jitsi.org/protocol/focus conference"`
}

// serve ends with the connection.
func (f *Focus) serve() {
	defer close(f.done)
	for {
		start, err := f.next()
		if err != nil {
			return
		}
		var q question
		if err := f.dec.DecodeElement(&q, &start); err != nil {
			return
		}
		if q.XMLName.Local == "iq" && (q.Type == "get" || q.Type == "set") {
			f.answer(q)
		}
	}
}

func (f *Focus) answer(q question) {
	kind := "error"
	content := "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
	if q.Conference != nil && q.Type == "set" {
		f.mu.Lock()
		f.asked = append(f.asked, Question{Room: q.Conference.Room, From: q.From, Token: q.Conference.Token})
		f.mu.Unlock()
		kind = "result"
		ready := f.begin == nil || f.begin(q.Conference.Room) == nil
		content = fmt.Sprintf("<conference xmlns='%s' room='%s' ready='%t'/>", namespace, escape(q.Conference.Room),
			ready)
	}
	// An error shows itself where the next question is read.
	_, _ = fmt.Fprintf(f.conn, "<iq type='%s' id='%s' from='%s' to='%s'>%s</iq>", kind, escape(q.ID), escape(q.To),
		escape(q.From), content)
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder never fails
	return b.String()
}
