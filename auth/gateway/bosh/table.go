package bosh

import (
	"sync"
	"time"

	"usher/auth/gateway/stanza"
	"usher/metrics"
)

// A table holds sessions by their sid.
type table struct {
	metrics *metrics.Gateway
	cancel  func(ticket string)
	login   time.Duration // within which a session must have logged in
	dropped func(*session)

	mu    sync.Mutex
	bySID map[string]*session
}

// The states in which a request finds its session.
type state int

const (
	untracked state = iota // it is not in the table
	known
	over // it was ended here, or by Prosody
	busy // too many of its requests wait
)

// maxPending is how many requests of one session may wait; Prosody tells
// clients two.
const maxPending = 8

// put adds a session, unless there is one of that name.
func (t *table) put(sid string, s *session) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bySID[sid] != nil {
		return false
	}
	s.last = time.Now()
	t.bySID[sid] = s
	t.metrics.Connected(metrics.TransportBOSH, 1)
	return true
}

// enter begins a request of a session.
func (t *table) enter(sid string, rid int64) (*session, state) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.bySID[sid]
	if s == nil {
		return nil, untracked
	}
	t.expireLocked(s, time.Now())
	switch {
	case s.over.Load():
		return s, over
	case s.pending >= maxPending:
		return s, busy
	}
	s.pending++
	s.mu.Lock()
	s.rids.send(rid)
	s.mu.Unlock()
	return s, known
}

// leave ends a request. Prosody's answer may have said that the session is over.
func (t *table) leave(sid string, s *session) {
	t.mu.Lock()
	s.pending--
	s.last = time.Now()
	dropped := t.dropIfGoneLocked(sid, s)
	t.mu.Unlock()
	t.tell(dropped)
}

// ended forgets a session if Prosody has said, in answer to a farewell, that it
// does not have it any more.
func (t *table) ended(sid string, s *session) {
	t.mu.Lock()
	dropped := t.dropIfGoneLocked(sid, s)
	t.mu.Unlock()
	t.tell(dropped)
}

// expireLocked ends a session that has not logged in in time.
func (t *table) expireLocked(s *session, now time.Time) {
	if !s.loggedIn() && now.Sub(s.began) > t.login {
		s.end(stanza.TerminateFor("connection-timeout", "There was no login in time. Please reload the page."))
	}
}

// dropIfGoneLocked forgets a session that Prosody does not have any more. One that was
// ended here is kept for a moment: its client is to be told why.
func (t *table) dropIfGoneLocked(sid string, s *session) (dropped []*session) {
	if !s.gone.Load() || t.bySID[sid] != s {
		return nil
	}
	if s.relayed != nil && s.reason() != "" {
		s.kept = toldFor
	} else {
		t.dropLocked(sid, s)
	}
	return []*session{s}
}

// toldFor is how long a client has to ask why its session has ended.
const toldFor = 15 * time.Second

// tell tells of sessions that were forgotten, without the lock.
func (t *table) tell(dropped []*session) {
	for _, s := range dropped {
		t.dropped(s)
	}
}

// sweep forgets sessions that were without a request for too long.
func (t *table) sweep(now time.Time) {
	var dropped []*session
	t.mu.Lock()
	for sid, s := range t.bySID {
		t.expireLocked(s, now)
		if s.pending == 0 && now.Sub(s.last) > s.kept {
			t.dropLocked(sid, s)
			dropped = append(dropped, s)
		}
	}
	t.mu.Unlock()
	t.tell(dropped)
}

func (t *table) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.bySID)
}

func (t *table) dropLocked(sid string, s *session) {
	delete(t.bySID, sid)
	t.metrics.Connected(metrics.TransportBOSH, -1)
	s.release()
	t.cancel(s.progress.Abandon())
}
