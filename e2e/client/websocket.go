package client

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

const framing = "urn:ietf:params:xml:ns:xmpp-framing"

// WebSocket is how to reach a server by XMPP over WebSocket (RFC 7395), for Login.Via. The error of
// what it returns holds the status if the server answered with another than 101.
func WebSocket(url string, header http.Header) func(ctx context.Context) (net.Conn, error) {
	return WebSocketInFragments(url, header, 0)
}

// WebSocketInFragments sends each message in fragments of so many bytes, with pings between them, as a proxy may do it.
// Zero sends it in one.
func WebSocketInFragments(url string, header http.Header, size int) func(ctx context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		var said string
		header := header.Clone()
		host := header.Get("Host")
		header.Del("Host") // it has a place of its own
		d := ws.Dialer{Host: host, Header: ws.HandshakeHeaderHTTP(header), Protocols: []string{"xmpp"},
			OnStatusError: func(_ int, _ []byte, r io.Reader) {
				answer, _ := io.ReadAll(io.LimitReader(r, 4096))
				_, said, _ = strings.Cut(string(answer), "\r\n\r\n")
			}}
		conn, early, _, err := d.Dial(ctx, url)
		if err != nil {
			return nil, fmt.Errorf("%w: %s", err, said)
		}
		w := &webSocket{Conn: conn, from: conn, fragment: size}
		if early != nil {
			w.from = early
		}
		return w, nil
	}
}

// webSocket is a stream whose stanzas are messages of their own, and whose header is an element.
type webSocket struct {
	net.Conn
	from     io.Reader
	fragment int          // bytes; 0: none
	pending  bytes.Buffer // of a message that was read

	writing sync.Mutex
}

// Write sends one message. A stream's header becomes open, its end close.
func (w *webSocket) Write(p []byte) (int, error) {
	text := string(p)
	switch {
	case strings.HasPrefix(text, "<?xml"):
		_, rest, _ := strings.Cut(text, "to='")
		host, _, _ := strings.Cut(rest, "'")
		text = "<open xmlns='" + framing + "' to='" + host + "' version='1.0'/>"
	case text == "</stream:stream>":
		text = "<close xmlns='" + framing + "'/>"
	default:
		text = namespaced(text)
	}
	w.writing.Lock()
	defer w.writing.Unlock()
	if w.fragment == 0 {
		frame, err := ws.CompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte(text))))
		if err != nil {
			return 0, err
		}
		_, err = w.Conn.Write(frame) // at once, as browsers send it
		return len(p), err
	}
	return len(p), w.writeFragments([]byte(text))
}

func (w *webSocket) writeFragments(text []byte) error {
	op := ws.OpText
	for {
		piece := text[:min(len(text), w.fragment)]
		text = text[len(piece):]
		last := len(text) == 0
		if err := ws.WriteFrame(w.Conn, ws.MaskFrame(ws.NewFrame(op, last, piece))); err != nil || last {
			return err
		}
		if err := ws.WriteFrame(w.Conn, ws.MaskFrame(ws.NewPingFrame([]byte("between")))); err != nil {
			return err
		}
		op = ws.OpContinuation
	}
}

// namespaced has a stanza that stands alone say its own namespace.
func namespaced(text string) string {
	for _, name := range []string{"<iq", "<presence", "<message"} {
		if rest, found := strings.CutPrefix(text, name); found {
			return name + " xmlns='jabber:client'" + rest
		}
	}
	return text
}

// Read returns what the server sent as one stream.
func (w *webSocket) Read(p []byte) (int, error) {
	for w.pending.Len() == 0 {
		message, op, err := wsutil.ReadServerData(struct {
			io.Reader
			io.Writer
		}{w.from, locked{w}})
		if err != nil {
			return 0, err
		}
		if op == ws.OpText {
			w.pending.WriteString(unframed(string(message)))
		}
	}
	return w.pending.Read(p)
}

// locked keeps pongs from coming between.
type locked struct{ w *webSocket }

func (l locked) Write(p []byte) (int, error) {
	l.w.writing.Lock()
	defer l.w.writing.Unlock()
	return l.w.Conn.Write(p)
}

func unframed(message string) string {
	var e struct {
		XMLName xml.Name
	}
	if !strings.Contains(message, framing) || xml.Unmarshal([]byte(message), &e) != nil || e.XMLName.Space != framing {
		return message
	}
	if e.XMLName.Local == "close" {
		return "</stream:stream>"
	}
	return serverHeader
}
