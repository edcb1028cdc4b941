package relay

import (
	"bytes"
	"context"

	"usher/auth/gateway/stanza"
	"usher/auth/gateway/swap"
)

// Minds reports whether what Prosody sends has to be judged before the client gets it.
// The text may be a message, or a body with several elements in it. Of a bound stream
// most need not even be read.
func (s *Stream) Minds(text []byte) bool {
	if !s.Bound() {
		return true
	}
	for _, marker := range markers {
		if bytes.Contains(text, marker) {
			return true
		}
	}
	return false
}

// markers are of what a bound stream's client is not told before it is judged: the answer
// to a ping of ours, the account's own presence, and how streams are resumed and end.
var markers = [...][]byte{
	[]byte(swap.Prefix), []byte("110"), []byte("<enabled"), []byte("<close"), []byte("<stream:error"),
}

// toBound judges what Prosody sends to a bound stream.
func (s *Stream) toBound(ctx context.Context, e stanza.Element) Verdict {
	switch {
	case e.Name.Local == "iq":
		if answer, ours := s.streams.Swap.Unwrap(s.client.Host, s.Account(), e); ours {
			return Verdict{Replace: answer}
		}
	case e.Name.Local == "presence":
		s.self(ctx, e)
	default:
		if id, ok := e.Resumption(); ok {
			return s.remember(ctx, id)
		}
	}
	return Verdict{}
}

// remember records by which identifier the stream can be resumed. If that fails the
// client can only not resume; the state counts and logs it.
func (s *Stream) remember(ctx context.Context, id string) Verdict {
	s.mu.Lock()
	account := s.account
	s.resumption = id
	s.mu.Unlock()
	_ = s.streams.Logins.RememberStream(ctx, s.client.Login, s.client.Host, account, id)
	return Verdict{}
}

// self tells the rooms of the account's own presence: that it is about to be shown, or
// that the account has left.
func (s *Stream) self(ctx context.Context, e stanza.Element) {
	own, renamed := e.SelfPresence()
	occupant := e.Attribute("from")
	if !own || renamed || s.streams.Rooms == nil {
		return
	}
	q := s.join(s.Account(), occupant)
	switch e.Attribute("type") {
	case "":
		if s.shown.enters(occupant, e.Attribute("to")) {
			_ = s.streams.Rooms.Entered(ctx, q) // else guests wait; the state counts and logs it
		}
	case "unavailable":
		s.shown.goes(occupant)
		s.streams.Rooms.Left(q)
	}
}
