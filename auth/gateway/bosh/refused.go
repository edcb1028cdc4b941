package bosh

import (
	"crypto/rand"
	"strconv"
	"time"

	"usher/auth/gateway/login"
	"usher/auth/gateway/stanza"
)

// A refused session is one whose login was refused before Prosody was asked. Its client
// has to be told so as the answer to its login: nothing else is shown to the person. So
// there is a session of ours, for one login.
type refused struct {
	failure string // the answer to the login
	said    bool   // the client was told; guarded by session.mu
}

// refusedFor is how long such a session is kept after its last request, and how long its
// requests wait that are no login.
const (
	refusedFor     = toldFor
	refusedWaiting = time.Second
)

// beginRefused answers the request that makes a session as Prosody would.
func (q *request) beginRefused(s *session, tag stanza.Element, err error) {
	s.refused, s.kept = &refused{failure: login.RelayFailure(err)}, refusedFor
	sid := rand.Text()
	if !q.sessions.put(sid, s) {
		s.release()
		q.terminate(itemNotFound)
		return
	}
	wait, _ := parseRID(tag.Attribute("wait"))
	q.answer(stanza.CreateBody(sid, s.host, strconv.FormatInt(min(wait, 60), 10), stanza.OnlyAnonymous()))
}

// proceedRefused answers any other request of such a session.
func (q *request) proceedRefused(s *session, in incoming) {
	body, ok := q.readable(in)
	if !ok {
		s.end(q.why)
		return
	}
	if len(body.Children) > 0 {
		s.mu.Lock()
		again := s.refused.said
		s.refused.said = true
		s.mu.Unlock()
		if _, isLogin := body.Children[0].Login(); isLogin && !again {
			q.answer(stanza.WriteBody(s.refused.failure))
			return
		}
	}
	if body.Attribute("type") == "terminate" || len(body.Children) > 0 {
		q.terminate("")
		s.over.Store(true)
		s.gone.Store(true)
		return
	}
	q.waitFor(refusedWaiting)
	q.answer(stanza.WriteBody(""))
}

// waitFor holds a request that has nothing to be told, as Prosody does.
func (q *request) waitFor(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-q.R.Context().Done():
	}
}
