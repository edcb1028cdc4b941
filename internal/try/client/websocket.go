package client

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/gobwas/ws"
)

// maxPage bounds what is kept of a web server's answer that opens no WebSocket, in bytes.
const maxPage = 1 << 10

// A Handshake is how a WebSocket is asked for.
type Handshake struct {
	Target string // of the request: the path and the query, which has the token
	Host   string // of the Host header
	Origin string
}

// An Opening is what the web server's answer says beside the WebSocket.
type Opening struct {
	Status int
	Header http.Header
}

// WebSocket asks a web server for XMPP over WebSocket on a connection, and begins a stream to a virtual host. The error
// is a [StatusError] if the server answers otherwise; what the answer's header says is returned then as well.
func WebSocket(ctx context.Context, conn net.Conn, h Handshake, host string) (*Stream, Opening, error) {
	s := &Stream{conn: conn, host: host}
	defer s.under(ctx)()
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce) // it cannot fail
	key := base64.StdEncoding.EncodeToString(nonce)
	_, err := io.WriteString(conn, "GET "+h.Target+" HTTP/1.1\r\nHost: "+h.Host+"\r\nOrigin: "+h.Origin+
		"\r\nUser-Agent: usher-try\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: "+key+"\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n")
	if err != nil {
		return nil, Opening{}, plain(err)
	}
	from := bufio.NewReader(&capped{conn, MaxBytes})
	answer, err := http.ReadResponse(from, nil)
	if err != nil {
		return nil, Opening{}, plain(err)
	}
	opening := Opening{answer.StatusCode, answer.Header}
	switch {
	case answer.StatusCode != http.StatusSwitchingProtocols:
		page, _ := io.ReadAll(io.LimitReader(answer.Body, maxPage))
		return nil, opening, &StatusError{answer.StatusCode, string(page)}
	case answer.Header.Get("Sec-WebSocket-Accept") != accepted(key):
		return nil, opening, errors.New("the web server's answer is no WebSocket's (Sec-WebSocket-Accept)")
	case answer.Header.Get("Sec-WebSocket-Protocol") != "xmpp":
		return nil, opening, errors.New("the web server's WebSocket is none of XMPP (Sec-WebSocket-Protocol)")
	}
	s.wire = &webSocket{conn: conn, from: from}
	return s, opening, nil
}

func accepted(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) // RFC 6455 section 1.3
	return base64.StdEncoding.EncodeToString(sum[:])
}

// webSocket is a stream whose elements are messages of their own, and whose header is an element.
type webSocket struct {
	conn    net.Conn
	from    *bufio.Reader
	pending bytes.Reader // of a message that was read
}

func (w *webSocket) open(host string) string {
	return "<open xmlns='" + nsFraming + "' to='" + escape(host) + "' version='1.0'/>"
}

func (w *webSocket) end() string { return "<close xmlns='" + nsFraming + "'/>" }

// send sends one message.
func (w *webSocket) send(text string) error {
	return w.frame(ws.OpText, []byte(clientNamespaced(text)))
}

// clientNamespaced has a stanza that stands alone say its own namespace.
func clientNamespaced(text string) string {
	for _, name := range []string{"<iq", "<presence"} {
		if rest, found := strings.CutPrefix(text, name); found {
			return name + " xmlns='jabber:client'" + rest
		}
	}
	return text
}

func (w *webSocket) frame(op ws.OpCode, payload []byte) error {
	frame, err := ws.CompileFrame(ws.MaskFrame(ws.NewFrame(op, true, payload)))
	if err == nil {
		_, err = w.conn.Write(frame)
	}
	return err
}

// Read returns what the server sent as one stream.
func (w *webSocket) Read(p []byte) (int, error) {
	for w.pending.Len() == 0 {
		message, err := w.message()
		if err != nil {
			return 0, err
		}
		w.pending.Reset(unframed(message))
	}
	return w.pending.Read(p)
}

// message reads a text message, in as many frames as the server likes, and answers pings.
func (w *webSocket) message() (message []byte, err error) {
	for state := ws.StateClientSide; ; {
		h, err := ws.ReadHeader(w.from)
		if err == nil {
			err = ws.CheckHeader(h, state)
		}
		if err == nil && h.Length > int64(MaxMessage-len(message)) {
			err = ErrTooMuch
		}
		if err != nil {
			return nil, err
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(w.from, payload); err != nil {
			return nil, err
		}
		switch {
		case h.OpCode == ws.OpClose:
			return nil, io.EOF
		case h.OpCode == ws.OpPing:
			if err := w.frame(ws.OpPong, payload); err != nil {
				return nil, err
			}
		case h.OpCode.IsControl():
		default:
			message = append(message, payload...)
			if h.Fin {
				return message, nil
			}
			state = state.Set(ws.StateFragmented)
		}
	}
}

// unframed puts a stream's header and end in the place of what stands for them here.
func unframed(message []byte) []byte {
	var e struct {
		XMLName xml.Name
	}
	if !bytes.Contains(message, []byte(nsFraming)) || xml.Unmarshal(message, &e) != nil ||
		e.XMLName.Space != nsFraming {
		return message
	}
	if e.XMLName.Local == "close" {
		return []byte("</stream:stream>")
	}
	return []byte(header)
}
