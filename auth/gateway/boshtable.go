package gateway

import (
	"sync"
	"time"

	"usher/auth/gateway/stanza"
	"usher/metrics"
)

// A boshTable holds the sessions of BOSH by their sid.
type boshTable struct {
	metrics *metrics.Gateway
	cancel  func(ticket string)
	login   time.Duration // within which a session must have logged in

	mu    sync.Mutex
	bySID map[string]*boshSession
}

// The states in which a request finds its session.
type boshState int

const (
	boshUnknown boshState = iota
	boshKnown
	boshOver // it was ended here, or by Prosody
	boshBusy // too many of its requests wait
)

// put adds a session, unless there is one of that name.
func (t *boshTable) put(sid string, b *boshSession) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bySID[sid] != nil {
		return false
	}
	b.last = time.Now()
	t.bySID[sid] = b
	t.metrics.Connected(metrics.TransportBOSH, 1)
	return true
}

// enter is the beginning of a request.
func (t *boshTable) enter(sid string, rid int64) (*boshSession, boshState) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.bySID[sid]
	if b == nil {
		return nil, boshUnknown
	}
	t.expire(b, time.Now())
	switch {
	case b.over.Load():
		return b, boshOver
	case b.pending >= maxPending:
		return b, boshBusy
	}
	b.pending++
	b.mu.Lock()
	b.rids.send(rid)
	b.mu.Unlock()
	return b, boshKnown
}

// leave is its end. An answer of Prosody may have said that the session has
// ended.
func (t *boshTable) leave(sid string, b *boshSession) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b.pending--
	b.last = time.Now()
	t.dropIfGone(sid, b)
}

// ended frees the place of a session of which Prosody said outside of its own
// requests that it has it no more, if it said so.
func (t *boshTable) ended(sid string, b *boshSession) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dropIfGone(sid, b)
}

// expire ends a session that has not logged in in time.
func (t *boshTable) expire(b *boshSession, now time.Time) {
	if !b.progress.LoggedIn().Load() && now.Sub(b.began) > t.login {
		b.end(stanza.TerminateFor("connection-timeout", "There was no login in time. Please reload the page."))
	}
}

// dropIfGone frees the place of a session that Prosody has no more. It wants the
// lock.
func (t *boshTable) dropIfGone(sid string, b *boshSession) {
	if b.gone.Load() && t.bySID[sid] == b {
		t.drop(sid, b)
	}
}

// sweep forgets sessions without requests.
func (t *boshTable) sweep(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for sid, b := range t.bySID {
		t.expire(b, now)
		if b.pending == 0 && now.Sub(b.last) > b.kept {
			t.drop(sid, b)
		}
	}
}

// drop wants the lock.
func (t *boshTable) drop(sid string, b *boshSession) {
	delete(t.bySID, sid)
	t.metrics.Connected(metrics.TransportBOSH, -1)
	b.free()
	t.cancel(b.progress.Abandon())
}
