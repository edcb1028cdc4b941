package bosh

import (
	"context"
	"io"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/relay"
	"usher/auth/gateway/stanza"
)

// mostObserved bounds how much of an answer is parsed, in bytes. Answers to a login
// and to the first request of a session are short.
const mostObserved = 64 << 10

// A firstAnswer observes the answer to the request that makes a session.
type firstAnswer struct {
	session *session
	rid     int64
	table   *table
	begun   *bool
}

// Limit implements [proxy.Observer].
func (*firstAnswer) Limit() int64 { return mostObserved }

// Observe implements [proxy.Observer].
func (a *firstAnswer) Observe(answer []byte) {
	tag, err := stanza.ParseBodyTag(answer)
	if sid := tag.Attribute("sid"); err == nil && sid != "" && tag.Attribute("type") != "terminate" {
		a.session.keptFor(tag.Attribute("inactivity"))
		*a.begun = a.table.put(sid, a.session)
	}
	a.session.observe(a.rid, answer)
}

// A laterAnswer observes the answer to any other request of a session.
type laterAnswer struct {
	session *session
	rid     int64
	relays  *relay.Streams
	loan    budget.Loan // what it takes up if it is rewritten
}

// Rewrites implements [proxy.Rewriter]: once a join was refused an answer may be ours.
func (a *laterAnswer) Rewrites() bool { return a.session.swapped.Load() }

// Rewrite implements [proxy.Rewriter].
func (a *laterAnswer) Rewrite(_ context.Context, from io.Reader) ([]byte, error) {
	answer, err := io.ReadAll(a.loan.Reader(from))
	if err != nil {
		return nil, err
	}
	a.Observe(answer)
	if !relay.MayAnswer(answer) {
		return answer, nil
	}
	body, err := stanza.ParseBody(answer)
	if err != nil {
		return answer, nil
	}
	with := map[int][]byte{}
	for i, e := range body.Children {
		if ours, is := a.relays.Answer(a.session.progress.Account(), e); is {
			with[i] = ours
		}
	}
	return body.Rewrite(with), nil
}

// Limit implements [proxy.Observer]. The content matters only while a login is
// under way.
func (a *laterAnswer) Limit() int64 {
	if a.session.progress.Trying() {
		return mostObserved
	}
	return stanza.MaxTag
}

// Observe implements [proxy.Observer].
func (a *laterAnswer) Observe(answer []byte) { a.session.observe(a.rid, answer) }

// An untrackedAnswer observes the answer to a request of an untracked session.
type untrackedAnswer struct {
	*request
	sid string
	rid int64
}

// Limit implements [proxy.Observer].
func (*untrackedAnswer) Limit() int64 { return mostObserved }

// Observe implements [proxy.Observer]. When Prosody addresses a stanza to an account
// on the session, that account has logged in: the session is tracked from now on.
func (a *untrackedAnswer) Observe(answer []byte) {
	body, err := stanza.ParseBody(answer)
	if err != nil || body.Attribute("type") == "terminate" {
		return
	}
	for _, e := range body.Children {
		account, ok := e.Addressee()
		if !ok {
			continue
		}
		release, ok := a.TryReserve()
		if !ok {
			return // each request of it is counted by itself, as before
		}
		s := a.newSession(a.rid, release)
		s.progress.Resume(account)
		if !a.sessions.put(a.sid, s) {
			release()
		}
		return
	}
}
