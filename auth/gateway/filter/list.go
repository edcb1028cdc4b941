package filter

import (
	"usher/auth"
	"usher/auth/gateway/stanza"
)

// A Connection is what the list looks at besides the element.
type Connection struct {
	Token      bool // it brings one, or a text in its place
	Unreadable bool // what it brings cannot be one
	Guests     bool // one may log in without a token
}

// A Decision is what becomes of an element that comes before the login.
type Decision int

// The decisions that there are.
const (
	Forbidden Decision = iota // it is not on the list: the stream ends
	Continues                 // the next step of a login that is under way; it passes, and more may follow
	Aborts                    // the end of a login that is under way; it passes
	Passes                    // a login that Prosody decides, in one step; it passes
	Begins                    // likewise, and the client has more to say
	Exchange                  // a login that only a ticket lets in, see [Connection.Refusal]
)

// Decide looks an element up in the list. Whether a login is under way in which
// the client has more to say is the stream's state.
func (c Connection) Decide(e stanza.Element, underWay bool) Decision {
	switch step := e.Step(); {
	case step == stanza.StepResponse && underWay:
		return Continues
	case step == stanza.StepAbort && underWay:
		return Aborts
	}
	mechanism, isLogin := e.Login()
	switch {
	case !isLogin:
		return Forbidden
	case c.Guests && !c.Unreadable && e.Step() == stanza.StepAuth:
		return c.ofGuests(mechanism)
	}
	return Exchange
}

// ofGuests decides about a login that may be Prosody's own to decide. That is
// where guests are wanted only: a token that is no more than a text proves
// nothing, so it allows nothing either. Recorders log in with a password (PLAIN,
// RFC 4616; SCRAM, RFC 5802 and 7677) on a host of their own; OAUTHBEARER
// (RFC 7628) is the Dovecot door's. With a token in the address ANONYMOUS is a
// login with that.
func (c Connection) ofGuests(mechanism string) Decision {
	switch mechanism {
	case "ANONYMOUS":
		if !c.Token {
			return Passes
		}
	case "PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER":
		return Begins
	}
	return Exchange
}

// Refusal says why no ticket can be had for a login, whatever the token; nil: one
// may be asked for. An unreadable token is its finder's to tell of.
func (c Connection) Refusal(e stanza.Element) *auth.Refusal {
	switch {
	case !c.Token && !c.Guests: // whatever the mechanism, and whatever the host
		return auth.Refuse(auth.ReasonTokenRequired,
			"the connection has no token; have the link carry one (jwt=), or set gateway.guests: true")
	case !c.Token || !e.Anonymous():
		return auth.Refuse(auth.ReasonUnsupportedMechanism,
			"the gateway passes ANONYMOUS, as RFC 6120 has it, and passwords only with gateway.guests: true; look at the client")
	}
	return nil
}

// Told is what a client is told that says what is not on the list: a condition
// of RFC 6120 section 4.9.3, and what it can do.
func (c Connection) Told() (condition, text string) {
	if !c.Token && !c.Unreadable && !c.Guests {
		return "not-authorized", auth.ReasonTokenRequired.ClientText()
	}
	return "not-authorized", "Please log in first: before the login nothing else is taken."
}
