package dovecot

import (
	"errors"

	"usher/auth"
)

// defaultService is what Prosody sends when its configuration has no
// service_name. It says nothing about the virtual host.
const defaultService = "xmpp"

var errOverdue = errors.New("the authenticator did not return in time")

// answer appends the one reply to r. An error means that the watchdog has written it.
func (c *conn) answer(dst []byte, r request) ([]byte, error) {
	waiting, known := c.pending.take(r.id)
	switch {
	case r.problem != nil:
		return c.refuse(dst, r, problemOf(r.problem))
	case r.verb == verbAuth:
		return c.begin(dst, r)
	case !known && c.limited.Inherited():
		return c.refuse(dst, r, auth.Refuse(auth.ReasonInterrupted,
			"a response to a challenge of before the restart of usher; have the client log in again"))
	case !known:
		return c.refuse(dst, r, auth.Refuse(auth.ReasonMalformedRequest,
			"a response to no challenge, or to one long ago; look at the client"))
	case waiting.refused != "":
		return appendFail(dst, r.id, waiting.refused), nil
	}
	r.mechanism, r.service = waiting.mechanism, waiting.service
	return c.finish(dst, r)
}

// problemOf turns what is wrong with a request into a refusal. The texts of
// this package's errors hold nothing that came from outside.
func problemOf(err error) *auth.Refusal {
	if refusal, ok := errors.AsType[*auth.Refusal](err); ok {
		return refusal
	}
	return auth.Refuse(auth.ReasonMalformedRequest, "%v; look at what connects to listen.dovecot", err)
}

// begin answers AUTH. All mechanisms start with the client, so without an
// initial response the challenge is empty (RFC 4422 section 3.3). An anonymous client
// without an initial response has no ticket, and is refused at once.
func (c *conn) begin(dst []byte, r request) ([]byte, error) {
	switch r.mechanism {
	case mechanismPlain, mechanismBearer:
	case mechanismAnonymous:
		return c.finish(dst, r)
	default:
		return c.refuse(dst, r, auth.Refuse(auth.ReasonUnsupportedMechanism,
			"the mechanism is %.32q; have the client use PLAIN or OAUTHBEARER", r.mechanism))
	}
	if !r.responded {
		c.pending.add(pendingLogin{id: r.id, mechanism: r.mechanism, service: r.service})
		return appendChallenge(dst, r.id, ""), nil
	}
	return c.finish(dst, r)
}

// finish reads the SASL message and has it decided.
func (c *conn) finish(dst []byte, r request) ([]byte, error) {
	l, err := parserOf(r.mechanism)(r.response)
	if err != nil {
		return c.refuse(dst, r, auth.Refuse(auth.ReasonMalformedRequest, "%s: %v; look at what the client sends",
			r.mechanism, err))
	}
	account, reason, err := c.decide(r.id, auth.Credentials{
		Door: Door, Host: hostOf(r.service), Name: l.name, Authzid: l.authzid, Token: l.token,
	})
	switch {
	case err != nil:
		return dst, err
	case reason == "":
		return appendOK(dst, r.id, account), nil
	case r.mechanism == mechanismBearer && !reason.Undecided():
		c.pending.add(pendingLogin{id: r.id, refused: reason})
		return appendChallenge(dst, r.id, bearerFailure), nil
	}
	return appendFail(dst, r.id, reason), nil
}

func parserOf(mechanism string) func(message string) (login, error) {
	switch mechanism {
	case mechanismBearer:
		return parseBearer
	case mechanismAnonymous:
		return parseAnonymous
	}
	return parsePlain
}

// refuse has a request counted and logged that needs no decision.
func (c *conn) refuse(dst []byte, r request, problem *auth.Refusal) ([]byte, error) {
	_, reason, err := c.decide(r.id, auth.Credentials{Door: Door, Host: hostOf(r.service), Problem: problem})
	if err != nil {
		return dst, err
	}
	if reason == "" { // only a broken authenticator lets a Problem pass
		reason = auth.ReasonInternalError
	}
	return appendFail(dst, r.id, reason), nil
}

func hostOf(service string) string {
	if service == defaultService {
		return ""
	}
	return service
}

// decide asks the authenticator, under the watchdog. The account is as
// Prosody wants it, and never empty if the reason is.
func (c *conn) decide(id uint32, credentials auth.Credentials) (account string, reason auth.Reason, err error) {
	c.watchdog.start(id)
	account, reason = c.authenticate(credentials)
	if !c.watchdog.stop() {
		return "", "", errOverdue
	}
	return account, reason, nil
}

func (c *conn) authenticate(credentials auth.Credentials) (account string, reason auth.Reason) {
	defer c.server.Panics.Recover(Door, "AUTH", func() { account, reason = "", auth.ReasonInternalError })
	credentials.Later = &c.later
	identity, err := c.server.Auth.Authenticate(c.ctx, credentials)
	if err != nil {
		return "", auth.RefusalOf(err).Reason
	}
	if account = identity.Localpart(); account == "" { // Prosody would take it for a name
		return "", auth.ReasonInternalError
	}
	c.proven = true
	return account, ""
}
