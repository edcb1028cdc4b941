package client

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// BOSH begins a stream over BOSH (XEP-0124, XEP-0206) to a virtual host, on a connection to a web server. Opening it asks
// the web server; the error is a [StatusError] if that has no BOSH. It has one question under way at a time, which is
// enough for a login.
func BOSH(conn net.Conn, h Handshake, host string) *Stream {
	return &Stream{conn: conn, host: host, wire: &bosh{conn: conn, from: bufio.NewReader(&capped{conn, MaxBytes}),
		handshake: h, rid: rand.Int64N(1<<40) + 1}}
}

// held is how long a server may hold a question in seconds, as Jitsi's page has it.
const held = "60"

// bosh is a stream whose elements come in the bodies of a web server's answers.
type bosh struct {
	conn      net.Conn
	from      *bufio.Reader
	handshake Handshake
	rid       int64
	sid       string // empty: there is no session yet
	closes    bool   // the web server ends the connection
	pending   bytes.Buffer
}

func (b *bosh) open(host string) string {
	if b.sid != "" {
		return "<body to='" + escape(host) + "' xmpp:restart='true' xmlns:xmpp='urn:xmpp:xbosh'/>"
	}
	return "<body to='" + escape(host) + "' ver='1.6' hold='1' wait='" + held +
		"' xmpp:version='1.0' xmlns:xmpp='urn:xmpp:xbosh'/>"
}

func (b *bosh) end() string { return "<body type='terminate'/>" }

// send asks, and keeps what the server answers.
func (b *bosh) send(text string) error {
	rest, bodied := strings.CutPrefix(text, "<body")
	if !bodied {
		rest = ">" + clientNamespaced(text) + "</body>"
	}
	attributes := " rid='" + strconv.FormatInt(b.rid, 10) + "' xmlns='" + nsHTTPBind + "'"
	b.rid++
	if b.sid != "" {
		attributes += " sid='" + escape(b.sid) + "'"
	}
	answer, err := b.post("<body" + attributes + rest)
	if err != nil {
		return err
	}
	if bodied {
		b.pending.Reset()
		b.pending.WriteString(header)
	}
	return b.take(answer)
}

// post sends the body of a question, and returns that of its answer.
func (b *bosh) post(body string) ([]byte, error) {
	if b.closes {
		return nil, errors.New("the web server ends the connection after an answer")
	}
	_, err := fmt.Fprintf(b.conn, "POST %s HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nUser-Agent: usher-try\r\n"+
		"Content-Type: text/xml; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s", b.handshake.Target, b.handshake.Host,
		b.handshake.Origin, len(body), body)
	if err != nil {
		return nil, plain(err)
	}
	answer, err := http.ReadResponse(b.from, nil)
	if err != nil {
		return nil, plain(err)
	}
	b.closes = answer.Close
	if answer.StatusCode != http.StatusOK {
		page, _ := io.ReadAll(io.LimitReader(answer.Body, maxPage))
		return nil, &StatusError{answer.StatusCode, string(page)}
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, MaxMessage+1))
	if err == nil && len(text) > MaxMessage {
		err = ErrTooMuch
	}
	return text, plain(err)
}

// take keeps what is in a body, as a part of the stream.
func (b *bosh) take(body []byte) error {
	d := xml.NewDecoder(bytes.NewReader(body))
	start, err := element(d)
	if err != nil || start.Name != (xml.Name{Space: nsHTTPBind, Local: "body"}) {
		return errors.New("the web server's answer is none of BOSH")
	}
	attribute := map[string]string{}
	for _, a := range start.Attr {
		attribute[a.Name.Local] = a.Value
	}
	if sid := attribute["sid"]; sid != "" {
		b.sid = sid
	}
	from, to := d.InputOffset(), int64(bytes.LastIndex(body, []byte("</")))
	inner := body[from:max(from, to)] // without an end tag there is nothing in it
	b.pending.Write(inner)
	if attribute["type"] == "terminate" && !bytes.Contains(inner, []byte("error")) {
		return &StreamError{attribute["condition"], ""}
	}
	return nil
}

// element is the first of a document.
func element(d *xml.Decoder) (xml.StartElement, error) {
	for {
		token, err := d.Token()
		if err != nil {
			return xml.StartElement{}, err
		}
		if start, is := token.(xml.StartElement); is {
			return start, nil
		}
	}
}

// Read returns what the server sent as one stream, and asks again where that is over.
func (b *bosh) Read(p []byte) (int, error) {
	for b.pending.Len() == 0 {
		if err := b.send(""); err != nil {
			return 0, err
		}
	}
	return b.pending.Read(p)
}
