package gateway

import (
	"bytes"
	"context"
	"errors"

	"usher/auth"
	"usher/auth/gateway/filter"
	"usher/auth/gateway/login"
	"usher/auth/gateway/stanza"
)

// police lets of a body that comes before the login only that pass which the
// list of package filter has, and returns what goes on to Prosody. If nothing does it
// has answered.
func (q *request) police(b *boshSession, in incoming) ([]byte, bool) {
	parsed, ok := q.readable(in)
	if !ok {
		return nil, false
	}
	switch len(parsed.Children) {
	case 0:
		return in.head, true
	case 1:
		return q.policeLogin(b, in.head, parsed.Children[0])
	}
	q.terminate(badRequest) // one thing at a time: the answer to one decides about the next
	return nil, false
}

func (q *request) policeLogin(b *boshSession, body []byte, e stanza.Element) ([]byte, bool) {
	v, err := q.exchange.Judge(q.R.Context(), &q.login, b.host, b.progress.UnderWay(), e)
	switch {
	case errors.Is(err, login.ErrForbidden):
		q.end(q.login.Told())
		return nil, false
	case err != nil:
		q.terminate(badRequest)
		return nil, false
	case v.Failure != "":
		q.answer(stanza.WriteBody(v.Failure))
		return nil, false
	case v.Begins:
		q.exchange.Cancel(b.progress.Begin(v, nil))
	default:
		b.progress.Continue(v)
	}
	if v.Rewritten != nil {
		return v.Rewritten, true
	}
	return body, true
}

// readable reads a body strictly, or has answered.
func (q *request) readable(in incoming) (stanza.Body, bool) {
	if in.rest != nil {
		q.end("policy-violation", "The stanza is too large before the login.")
		return stanza.Body{}, false
	}
	parsed, err := stanza.ParseBody(in.head)
	if err != nil {
		q.terminate(badRequest)
		return stanza.Body{}, false
	}
	return parsed, true
}

// stranger is a request of a session that usher has not seen begin: it is older
// than usher, or there is none of that name. Whether anybody has logged in on it
// only Prosody can tell. Until it has, no login passes, as nobody knows for
// which host it would be, and of all else what means nothing before one.
func (q *request) stranger(in incoming, sid string, rid int64) {
	parsed, ok := q.readable(in)
	if !ok {
		q.giveUp(sid, rid, nil)
		return
	}
	needsToken := q.login.Token == "" && !q.login.Guests
	if needsToken || !filter.Harmless(parsed) {
		text := "This session is not known here any more. Please reload the page."
		if needsToken {
			text = auth.ReasonTokenRequired.ClientText()
		}
		q.end("not-authorized", text)
		q.giveUp(sid, rid, nil)
		return
	}
	q.stray(in.head, &answerToStranger{q, sid, rid})
}

// meet takes a session into the table of those that are known when Prosody says
// that somebody has logged in on it: it addresses a stanza to an account there.
func (q *request) meet(sid string, rid int64, answer []byte) {
	body, err := stanza.ParseBody(answer)
	if err != nil || body.Attribute("type") == "terminate" {
		return
	}
	for _, e := range body.Children {
		account, ok := e.Addressee()
		if !ok {
			continue
		}
		free, ok := q.TryTake()
		if !ok {
			return // each request goes on being counted by itself
		}
		b := q.newSession(rid, free)
		b.progress.Resume(account)
		if !q.bosh.put(sid, b) {
			free()
		}
		return
	}
}

// mostJoining bounds a body that is searched for joins: it is read by a parser
// that takes up many times as much.
const mostJoining = 64 << 10

// beforeJoins tells of the joins in a body.
func (q *request) beforeJoins(b *boshSession, body []byte) {
	jid := b.progress.Account()
	if jid == "" || q.Rooms == nil || len(body) > mostJoining || !bytes.Contains(body, []byte(stanza.NamespaceMUC)) {
		return
	}
	parsed, err := stanza.ParseBody(body)
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(q.R.Context(), q.JoinTimeout)
	defer cancel()
	for _, e := range parsed.Children {
		if room, joins := e.Join(); joins {
			q.Rooms.BeforeJoin(ctx, jid, room)
		}
	}
}
