package bosh

import (
	"usher/auth"
	"usher/auth/gateway/filter"
	"usher/auth/gateway/stanza"
)

// proceedUntracked is a request of a session that usher has not seen begin: it is
// older than usher, or there is none of that name. Whether anybody has logged in
// on it only Prosody can tell. Until it has, no login passes, as nobody knows for
// which host it would be, and of all else what means nothing before one.
func (q *request) proceedUntracked(in incoming, sid string, rid int64) {
	parsed, ok := q.readable(in)
	if !ok {
		q.sayFarewell(q.Request, sid, rid, nil)
		return
	}
	needsToken := q.login.Token == "" && !q.login.Guests
	if needsToken || !filter.Harmless(parsed) {
		text := "This session is not known here any more. Please reload the page."
		if needsToken {
			text = auth.ReasonTokenRequired.ClientText()
		}
		q.end("not-authorized", text)
		q.sayFarewell(q.Request, sid, rid, nil)
		return
	}
	free, ok := q.Take() // it belongs to no session that is counted: it is counted itself
	if !ok {
		return
	}
	defer free()
	q.Forward(in.head, nil, &untrackedAnswer{q, sid, rid})
}

// track takes a session into the table when Prosody says that somebody has logged
// in on it: it addresses a stanza to an account there.
func (q *request) track(sid string, rid int64, answer []byte) {
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
		s := q.newSession(rid, free)
		s.progress.Resume(account)
		if !q.sessions.put(sid, s) {
			free()
		}
		return
	}
}
