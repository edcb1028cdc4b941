package relay

import (
	"bytes"
	"context"
	"slices"

	"usher/auth/gateway/stanza"
	"usher/auth/gateway/swap"
)

// isStanza reports whether an element is one of the three stanzas (RFC 6120 section 8).
// Within a body of BOSH the body's namespace counts as theirs: Prosody reads it so.
func isStanza(e stanza.Element) bool {
	switch e.Name.Space {
	case stanza.NamespaceClient, stanza.NamespaceBOSH:
		return e.Name.Local == "iq" || e.Name.Local == "presence" || e.Name.Local == "message"
	}
	return false
}

// Passes reports whether what the client says passes for certain, so that it need not be
// read: a message of a bound stream. [Stream.FromClient] decides about all else.
func (s *Stream) Passes(text []byte) bool { return s.Bound() && stanza.SurelyMessage(text) }

// afterBind lets pass stanzas, and the few elements besides that a client has to say.
func (s *Stream) afterBind(ctx context.Context, e stanza.Element) Verdict {
	switch {
	case isSM(e, "a"):
		s.acked.note(e.Attribute("h"))
		return Verdict{}
	case isSM(e, "enable"), isSM(e, "r"), e.Is(namespaceCSI, "active"), e.Is(namespaceCSI, "inactive"):
		return Verdict{}
	case isSM(e, "resume"):
		return Verdict{Answer: []byte(stanza.NotResumed(e.Name.Space, "unexpected-request"))}
	case !isStanza(e):
		return policy("This is no stanza.")
	case e.Name.Local == "presence":
		return s.presence(ctx, e)
	case e.Name.Local == "iq":
		return s.conference(ctx, e)
	}
	return Verdict{}
}

// presence has the rooms decide about a presence to an address. What is to leave one, or
// asks to see another's, enters none.
func (s *Stream) presence(ctx context.Context, e stanza.Element) Verdict {
	to := e.Attribute("to")
	switch e.Attribute("type") {
	case "unavailable", "error", "probe", "subscribe", "subscribed", "unsubscribe", "unsubscribed":
		return Verdict{}
	}
	if to == "" || s.streams.Rooms == nil {
		return Verdict{}
	}
	enters, name := joins(e)
	if !enters {
		return s.update(ctx, e, to)
	}
	q := s.client.join(s.Account(), to)
	q.Name = name
	a := s.streams.Rooms.Join(ctx, q)
	if a.Allowed {
		s.shown.asks(to)
		return Verdict{}
	}
	return s.refuse(e, swap.ForJoin(a.Reason, a.Login))
}

// mostName bounds what an account calls itself, in bytes.
const mostName = 1 << 10

// joins reports whether a presence asks to enter a room (XEP-0045 section 7.2.1), and what
// the account calls itself (XEP-0172), if it does. One whose elements are too many to be
// read may ask.
func joins(e stanza.Element) (enters bool, name string) {
	inside, err := e.Children()
	isX := func(c stanza.Element) bool { return c.Is(stanza.NamespaceMUC, "x") }
	isNick := func(c stanza.Element) bool { return c.Is(namespaceNick, "nick") }
	if i := slices.IndexFunc(inside, isNick); i >= 0 {
		if name = inside[i].Text(); len(name) > mostName {
			name = ""
		}
	}
	return err != nil || slices.ContainsFunc(inside, isX), name
}

const namespaceNick = "http://jabber.org/protocol/nick"

// update is for a presence of an occupant that changes what it shows. A room answers it
// with an error where the account is no occupant (XEP-0045 section 7.2.1); so nothing
// but the address has to be known, that it is a room's.
func (s *Stream) update(ctx context.Context, e stanza.Element, to string) Verdict {
	if s.shown.isInside(to) {
		return Verdict{}
	}
	a := s.streams.Rooms.Conference(ctx, s.client.join(s.Account(), to))
	if code := swap.ForJoin(a.Reason, a.Login); !a.Allowed && code == swap.UnknownRoom {
		return s.refuse(e, code)
	}
	return Verdict{}
}

// refuse swaps a stanza, so that both sides go on counting alike.
func (s *Stream) refuse(e stanza.Element, code swap.Code) Verdict {
	r, answered := swap.Refuse(e, code)
	if !answered {
		return Verdict{Replace: swap.Silence(s.client.Host)}
	}
	ping, ok := s.streams.Swap.Wrap(s.client.Host, s.Account(), r)
	if !ok {
		return policy("The address is too long.")
	}
	return Verdict{Replace: ping}
}

const namespaceFocus = "http://jitsi.org/protocol/focus"

// conference puts an inner token into a request to jicofo, which reads the user from it
// without checking it. The request of a guest before any token holder is refused: its
// page then waits.
func (s *Stream) conference(ctx context.Context, e stanza.Element) Verdict {
	if !mayName(e, namespaceFocus) {
		return Verdict{}
	}
	request, one := onlyChild(e)
	if !one || !request.Is(namespaceFocus, "conference") {
		return Verdict{}
	}
	if of := e.Attribute("type"); of != "set" && of != "get" {
		return Verdict{}
	}
	if room := request.Attribute("room"); s.client.EarlyGuests && room != "" && s.streams.Rooms != nil {
		if a := s.streams.Rooms.Conference(ctx, s.client.join(s.Account(), room)); !a.Allowed && a.NotStarted {
			return s.refuse(e, swap.ConferenceNotStarted)
		}
	}
	token, err := s.streams.Logins.InnerToken(ctx, s.client.Login)
	if err != nil {
		token = "" // jicofo takes the request without one, and the join is decided anew
	}
	if token == "" && request.Attribute("token") == "" {
		return Verdict{}
	}
	return Verdict{Replace: e.WithAttribute(request, "token", token)}
}

// mayName reports whether a namespace may be named in an element, or is by the body of BOSH
// around it. In the element only a reference to a character could write it otherwise.
func mayName(e stanza.Element, namespace string) bool {
	written := e.Outer()
	return bytes.Contains(written, []byte(namespace)) || bytes.ContainsRune(written, '&') || e.Inherits(namespace)
}
