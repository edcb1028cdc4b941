package bosh

import (
	"bytes"
	"context"
	"crypto/sha256"
	"strings"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/relay"
	"usher/auth/gateway/stanza"
	"usher/internal/httpd"
)

const (
	conditionPolicy = "policy-violation"
	tooEarly        = "Please log in first: before the login one thing is taken at a time."
)

// proceedRelayed is any request but the first of a session whose elements are judged.
func (q *request) proceedRelayed(s *session, in incoming, sid string, rid int64) {
	httpd.Admit(q.R.Context()) // Prosody lets it wait; the session is counted
	r := s.relayed
	l := s.share.Loan()
	defer l.Repay() // nothing is being sent any more then
	body, ok := q.rest(in, &l)
	if !ok {
		return
	}
	q.Upstream = r.upstream
	body, end := r.judge(q.R.Context(), rid, body)
	if end != nil {
		q.end(end.Condition, end.Text)
		s.end(q.why)
		q.sayFarewell(q.farewellTo(q.Request).of(sid), rid, s)
		return
	}
	a := &relayedAnswer{relayed: r, rid: rid, loan: s.share.Loan()}
	defer func() { a.loan.Repay() }()
	q.Forward(body, l.Repay, a)
}

// judge decides about a body of the client, and returns what goes on. A body is sent again
// by a client that got no answer; Prosody takes the first of a number, and its elements
// were judged. Two that differ under one number are no client's: Prosody might take
// either.
func (r *relayed) judge(ctx context.Context, rid int64, body []byte) ([]byte, *relay.End) {
	r.judging.Lock()
	defer r.judging.Unlock()
	sum := sha256.Sum256(body)
	before := r.sent.of(rid)
	switch {
	case before != nil && before.sum != sum:
		return nil, &relay.End{Condition: conditionPolicy, Text: "Two requests have one number."}
	case before != nil && before.early != nil:
		return before.early, nil
	}
	early := !r.stream.Bound()
	if early && len(body) > budget.Piece {
		return nil, &relay.End{Condition: conditionPolicy, Text: "The stanza is too large before the login."}
	}
	goesOn, end := r.judgeElements(ctx, body, early)
	if end != nil {
		return nil, end
	}
	one := sentBody{rid: rid, sum: sum}
	if early {
		one.early = bytes.Clone(goesOn)
	}
	r.sent.add(one)
	return goesOn, nil
}

// judgeElements decides about the elements of a body, one by one. Until the account is
// known there is one at most: the answer to it decides about the next.
func (r *relayed) judgeElements(ctx context.Context, document []byte, early bool) ([]byte, *relay.End) {
	body, err := stanza.ParseBody(document)
	if err != nil {
		return nil, &relay.End{Condition: "not-well-formed", Text: "The stanza could not be read."}
	}
	if early && len(body.Children) > 1 {
		return nil, &relay.End{Condition: conditionPolicy, Text: tooEarly}
	}
	with := map[int][]byte{}
	for i, e := range body.Children {
		if foreign(e) {
			return nil, &relay.End{Condition: conditionPolicy, Text: "This is nothing of a session by HTTP."}
		}
		switch v := r.stream.FromClient(ctx, e); {
		case v.End != nil:
			return nil, v.End
		case v.Answer != nil:
			return nil, &relay.End{Condition: conditionPolicy, Text: tooEarly}
		case v.Replace != nil:
			with[i] = v.Replace
		}
	}
	if len(with) == 0 {
		return document, nil
	}
	return body.Rewrite(with), nil
}

// foreign reports whether an element belongs to a stream of another transport: how such
// a stream begins and ends (RFC 7395), and how it is resumed (XEP-0198). To
// Prosody the former means nothing in BOSH; a session is resumed by its sid alone.
func foreign(e stanza.Element) bool {
	return e.Name.Space == stanza.NamespaceFraming || strings.HasPrefix(e.Name.Space, "urn:xmpp:sm:")
}

// sentBodies are the last that went on to Prosody. It keeps answers to two numbers, and
// holds back one that comes too early.
type sentBodies struct {
	list [4]sentBody
	next int
}

// A sentBody is one of them.
type sentBody struct {
	rid   int64
	sum   [sha256.Size]byte // of the client's
	early []byte            // what went on, if that was before the account was known: it is not judged twice
}

func (b *sentBodies) of(rid int64) *sentBody {
	for i := range b.list {
		if one := &b.list[i]; one.rid == rid && one.sum != [sha256.Size]byte{} {
			return one
		}
	}
	return nil
}

func (b *sentBodies) add(one sentBody) {
	if before := b.of(one.rid); before != nil {
		*before = one
		return
	}
	b.list[b.next] = one
	b.next = (b.next + 1) % len(b.list)
}
