package filter

import (
	"usher/auth"
	"usher/auth/gateway/stanza"
)

// A Connection is what the decision depends on besides the element.
type Connection struct {
	Token      bool // it has one, or a text in its place
	Unreadable bool // what it has cannot be a token
	Guests     bool // a login without a token may pass
}

// A Decision is what becomes of an element that comes before the login.
type Decision int

// The decisions that there are.
const (
	Forbidden Decision = iota // it is not on the list: the stream ends
	Continues                 // the next step of a login that is under way; it passes, and more may follow
	Aborts                    // the end of a login that is under way; it passes
	Passes                    // a login that Prosody decides, in one step; it passes
	Begins                    // a login that Prosody decides, in several steps; it passes
	Exchange                  // a login that only a ticket lets in, see [Connection.Refusal]
)

// Decide decides about an element. A login is under way from [Begins] until Prosody
// answers, or the client aborts it.
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

// ofGuests decides about a login where guests are let in, and Prosody may decide: a
// token that was not verified proves nothing, so it allows nothing either.
// Recorders log in with a password (PLAIN, RFC 4616; SCRAM, RFC 5802 and 7677) on
// a host of their own; OAUTHBEARER (RFC 7628) is decided at the Dovecot door. With
// a token in the address ANONYMOUS is a login with that token.
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

// Refusal says why a login cannot be given a ticket, whatever the token; nil if it
// can. It does not look at [Connection.Unreadable].
func (c Connection) Refusal(e stanza.Element) *auth.Refusal {
	switch {
	case !c.Token && !c.Guests: // for every mechanism and host
		return auth.Refuse(auth.ReasonTokenRequired,
			"the connection has no token; have the link carry one (jwt=), or set gateway.guests: true")
	case !c.Token || !e.Anonymous():
		return auth.Refuse(auth.ReasonUnsupportedMechanism,
			"the gateway passes ANONYMOUS, as RFC 6120 has it, and passwords only with gateway.guests: true; "+
				"look at the client")
	}
	return nil
}

// Told is what a client is told that sends what is not on the list: a condition of
// RFC 6120 section 4.9.3, and what the person can do.
func (c Connection) Told() (condition, text string) {
	if !c.Token && !c.Unreadable && !c.Guests {
		return "not-authorized", auth.ReasonTokenRequired.ClientText()
	}
	return "not-authorized", "Please log in first: before the login nothing else is taken."
}
