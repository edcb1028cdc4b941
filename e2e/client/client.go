// Package client answers "what does an XMPP client see when it logs in like this?". It sends exactly the SASL bytes it
// is given and reports exactly what the server said.
//
// The stream is written by hand: mellium.im/xmpp v0.22.0 prepares JIDs by PRECIS (RFC 7622) where
// Prosody uses nodeprep, so it would refuse or change the very names under test, and its resource
// binding does not send the resource asked for.
package client

import (
	"context"
	"fmt"
	"net"
	"slices"
	"time"
)

// Login says where to log in and with which SASL exchange (RFC 6120 section 6).
type Login struct {
	Addr      string                        // host:port of the server's plain c2s port
	Host      string                        // the virtual host
	Mechanism string                        // the SASL mechanism, offered or not
	Initial   []byte                        // nil: no initial response; empty: an empty one, "=" on the wire
	Respond   func(challenge []byte) []byte // the response to each challenge; nil: a challenge ends the login
	Resource  string                        // asked for in resource binding; "" lets the server choose
	Resume    string                        // the identifier of a stream to resume instead of a binding

	Via func(ctx context.Context) (net.Conn, error) // how to reach the server; nil: by TCP at Addr
}

// Refused is the error of Dial when the server answered the login with a SASL failure. Every other error means that
// there was no answer: the network, the stream or the resource binding.
type Refused struct {
	Condition string // the defined condition of RFC 6120 section 6.5, such as not-authorized
	Text      string // the human-readable text, or empty
	Challenge []byte // the last challenge before it; nil without one
}

// Error has the condition and the text.
func (r *Refused) Error() string {
	if r.Text == "" {
		return "login refused: " + r.Condition
	}
	return fmt.Sprintf("login refused: %s: %s", r.Condition, r.Text)
}

// Session is a login that succeeded. From the first use on a goroutine reads what comes; Close and Cut wait for it.
type Session struct {
	stream     *stream
	inbox      *inbox
	jid        string
	mechanisms []string
}

// Dial connects and logs in, and binds a resource. The context bounds that, not the session; end it with Close. The
// error is a [*Refused] if, and only if, the server refused the login.
func Dial(ctx context.Context, l Login) (*Session, error) {
	if l.Via == nil {
		l.Via = func(ctx context.Context) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "tcp", l.Addr) }
	}
	conn, err := l.Via(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	st := &stream{conn: conn}
	s := &Session{stream: st, inbox: &inbox{stream: st}}
	s.jid, s.mechanisms, err = st.login(l)
	if !stop() && err == nil { // the deadline would strike later
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return s, nil
}

// JID is the full JID that the server gave the session, byte for byte; empty for one that was resumed.
func (s *Session) JID() string { return s.jid }

// Mechanisms are the SASL mechanisms that the server offered, sorted.
func (s *Session) Mechanisms() []string { return slices.Sorted(slices.Values(s.mechanisms)) }

// Close ends the stream and the connection.
func (s *Session) Close() error {
	_ = s.stream.write("</stream:stream>") // a courtesy; the connection closes in any case
	return s.Cut()
}

// Cut closes the connection without a word, as a network does that goes away.
func (s *Session) Cut() error {
	err := s.stream.conn.Close()
	s.inbox.reading.Wait()
	return err
}

// Resumable makes the stream one that can be resumed (XEP-0198 section 3), and returns its identifier. It comes before
// anything else is done with the session.
func (s *Session) Resumable() (id string, err error) { return s.stream.enable() }
