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
// to a ping of ours, the account's own presence, how streams are resumed and end, and what
// the component says to it.
var markers = [...][]byte{
	[]byte(swap.Prefix), []byte("110"), []byte("<enabled"), []byte("<close"), []byte("<stream:error"),
	[]byte(stanza.NamespaceNotice),
}

// FromProsodyCut is [Stream.FromProsody] of a bound stream for what is too large to be read
// whole, by how it begins. Of such it matters that the account has left a room, which
// stands in the start tag: nobody else's presence has its address there.
func (s *Stream) FromProsodyCut(beginning []byte) {
	if s.streams.Rooms == nil || !bytes.HasPrefix(beginning, []byte("<presence")) {
		return
	}
	e, err := stanza.ParseTag(beginning)
	if err != nil || e.Attribute("type") != "unavailable" || !s.shown.isOccupant(e.Attribute("from")) {
		return
	}
	s.left(e.Attribute("from"))
}

// left tells the rooms that the account has left one.
func (s *Stream) left(occupant string) {
	s.shown.goes(occupant)
	s.streams.Rooms.Left(s.client.join(s.Account(), occupant))
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
	case e.Name.Local == "message":
		return Verdict{Replace: s.notice(e)}
	default:
		if id, ok := e.Resumption(); ok {
			return s.remember(ctx, id)
		}
	}
	return Verdict{}
}

// noticeSender is who Jitsi's page says a notice is from.
const noticeSender = "Lobby"

// notice is what the client gets in the place of a message of usher's component, which
// Jitsi's page would not show: the same, said by the room that it is about. nil: it is
// no such message, or the account is not in that room.
func (s *Stream) notice(e stanza.Element) []byte {
	n, ok := e.Notice()
	if !ok || s.streams.Component == nil || e.Attribute("from") != s.streams.Component() || e.Attribute("from") == "" {
		return nil
	}
	room, ok := s.shown.roomOf(n)
	if !ok {
		return nil
	}
	return []byte(stanza.SystemMessage(room, e.Attribute("to"), noticeSender, n.Text))
}

// remember records by which identifier the stream can be resumed. If that fails the
// client can only not resume; the state counts and logs it.
func (s *Stream) remember(ctx context.Context, id string) Verdict {
	s.mu.Lock()
	account := s.account
	s.resumption, s.kept = id, true
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
	switch e.Attribute("type") {
	case "":
		if s.shown.enters(occupant, e.Attribute("to")) {
			// If it fails guests wait; the state counts and logs it.
			_ = s.streams.Rooms.Entered(ctx, s.client.join(s.Account(), occupant))
		}
	case "unavailable":
		s.left(occupant)
	}
}
