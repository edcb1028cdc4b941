package websocket

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gobwas/ws"
)

// Wanted reports whether a request opens a WebSocket. [Accept] finds out whether it
// does so correctly.
func Wanted(r *http.Request) bool {
	return r.Method == http.MethodGet && r.Header.Get("Sec-WebSocket-Key") != ""
}

// Protocols returns the subprotocols of a handshake, in the client's order.
func Protocols(h http.Header) (list []string) {
	for _, line := range h.Values("Sec-WebSocket-Protocol") {
		for p := range strings.SplitSeq(line, ",") {
			if p = strings.Trim(p, " \t"); p != "" {
				list = append(list, p)
			}
		}
	}
	return list
}

// ErrProtocol says that the server chose a subprotocol that was not asked for.
var ErrProtocol = ws.ErrHandshakeBadSubProtocol

// A StatusError is the status of a server that refused a handshake.
type StatusError int

// Error implements error.
func (e StatusError) Error() string { return fmt.Sprint("unexpected HTTP response status: ", int(e)) }

// A Request is a handshake with a server.
type Request struct {
	Address   string // ws or wss
	Host      string // the Host header; empty: the address's
	Header    http.Header
	Protocols []string
}

// Dial opens a connection to a server, which has to choose one of the subprotocols. The
// error is a [StatusError] if the server answered otherwise, [ErrProtocol], or the
// network's.
func Dial(ctx context.Context, r Request, o Options) (*Conn, error) {
	d := ws.Dialer{
		Host: r.Host, Header: ws.HandshakeHeaderHTTP(r.Header), Protocols: r.Protocols,
		ReadBufferSize: readBytes, WriteBufferSize: 4 * readBytes,
	}
	nc, early, hs, err := d.Dial(ctx, r.Address)
	if status, ok := errors.AsType[ws.StatusError](err); ok {
		return nil, StatusError(status)
	}
	if err != nil {
		return nil, err
	}
	if hs.Protocol == "" {
		_ = nc.Close()
		return nil, ErrProtocol
	}
	o.Client = true
	c := new(Conn)
	c.Open(nc, drain(early), o)
	return c, nil
}

// drain returns what a reader has buffered, and gives it back to the library.
func drain(r *bufio.Reader) []byte {
	if r == nil {
		return nil
	}
	early, _ := r.Peek(r.Buffered())
	early = append([]byte(nil), early...)
	ws.PutReader(r)
	return early
}

// Accept opens a client's connection: it answers the handshake, with the subprotocol
// if the client asks for that one, and with the headers that w has. The answer must
// be taken within so long. After an error the request has been answered.
func Accept(c *Conn, w http.ResponseWriter, r *http.Request, protocol string, within time.Duration, o Options) error {
	u := ws.HTTPUpgrader{
		Timeout: within, Header: w.Header(),
		Protocol: func(p string) bool { return p == protocol },
	}
	nc, rw, _, err := u.Upgrade(r, w)
	if err != nil {
		if nc != nil {
			_ = nc.Close()
		}
		return err
	}
	early, _ := rw.Reader.Peek(rw.Reader.Buffered())
	o.Client = false
	c.Open(nc, early, o)
	return nil
}
