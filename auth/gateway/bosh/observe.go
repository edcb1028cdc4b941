package bosh

import "usher/auth/gateway/stanza"

// mostObserved bounds an answer that is looked at: those to a login and to the
// beginning of a session, which are short.
const mostObserved = 64 << 10

// A firstAnswer is the one to the request that makes a session.
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

// A laterAnswer is one to any other request of a session.
type laterAnswer struct {
	session *session
	rid     int64
}

// Limit implements [proxy.Observer]. Only to a login the content matters.
func (a *laterAnswer) Limit() int64 {
	if a.session.progress.Trying() {
		return mostObserved
	}
	return stanza.MaxTag
}

// Observe implements [proxy.Observer].
func (a *laterAnswer) Observe(answer []byte) { a.session.observe(a.rid, answer) }

// An untrackedAnswer is one to a request of a session that usher has not seen
// begin.
type untrackedAnswer struct {
	*request
	sid string
	rid int64
}

// Limit implements [proxy.Observer].
func (*untrackedAnswer) Limit() int64 { return mostObserved }

// Observe implements [proxy.Observer]. It takes the session into the table when
// Prosody says that somebody has logged in on it: it addresses a stanza to an
// account there.
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
		free, ok := a.TryTake()
		if !ok {
			return // each request goes on being counted by itself
		}
		s := a.newSession(a.rid, free)
		s.progress.Resume(account)
		if !a.sessions.put(a.sid, s) {
			free()
		}
		return
	}
}
