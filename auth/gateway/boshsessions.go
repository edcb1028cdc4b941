package gateway

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"usher/auth"
	"usher/auth/gateway/stanza"
	"usher/metrics"
)

// boshKept is how long a session of BOSH is known without a request: Prosody
// ends one after a minute (bosh_max_inactivity). One that was ended here is
// known until its client has noticed.
const (
	boshKept       = 3 * time.Minute
	boshFailedKept = 10 * time.Second
)

// A boshSession is what is known of a session of BOSH.
type boshSession struct {
	host     string
	unknown  bool // it is in no table
	free     func()
	loggedIn atomic.Bool
	failed   atomic.Bool // it was ended here: its login was refused
	ended    atomic.Bool // Prosody said that it is over

	mu      sync.Mutex
	ticket  auth.Ticket
	logging bool // a login is under way

	// Of the table:
	pending int
	last    time.Time
}

// begin notes the ticket of a login, or that it has none, and returns that of
// one before, if it may not have been used.
func (b *boshSession) begin(t auth.Ticket) (before string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before, b.ticket, b.logging = b.ticket.Text, t, true
	return before
}

// trying reports whether a login is under way.
func (b *boshSession) trying() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.logging
}

// heed finds out from an answer of Prosody, or the beginning of it, whether the
// session is over and whether the login succeeded. That may be the answer to an
// earlier request than the login's: Prosody answers the oldest that waits.
func (b *boshSession) heed(answer []byte) {
	if tag, err := stanza.ParseBodyTag(answer); err == nil && tag.Attribute("type") == "terminate" {
		b.ended.Store(true)
	}
	if !b.trying() {
		return
	}
	body, err := stanza.ParseBody(answer)
	if err != nil {
		return
	}
	if slices.ContainsFunc(body.Children, stanza.Element.LoggedIn) {
		b.enter()
	}
}

// enter notes that the client has logged in.
func (b *boshSession) enter() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ticket.Text, b.logging = "", false
	b.loggedIn.Store(true)
}

// jid is the account that logged in with a token, or empty.
func (b *boshSession) jid() string {
	if !b.loggedIn.Load() {
		return ""
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ticket.Account == "" {
		return ""
	}
	return b.ticket.JID()
}

// A boshTable holds the sessions of BOSH by their sid.
type boshTable struct {
	metrics *metrics.Gateway
	cancel  func(ticket string)

	mu    sync.Mutex
	bySID map[string]*boshSession
}

// The states in which a request finds its session.
type boshState int

const (
	boshUnknown boshState = iota
	boshKnown
	boshFailed // it was ended here
	boshBusy   // too many of its requests wait
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

func (t *boshTable) enter(sid string) (*boshSession, boshState) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.bySID[sid]
	switch {
	case b == nil:
		return nil, boshUnknown
	case b.failed.Load():
		return b, boshFailed
	case b.pending >= maxPending:
		return b, boshBusy
	}
	b.pending++
	return b, boshKnown
}

// leave is the end of a request; the last one of a session may say so, or its
// answer.
func (t *boshTable) leave(sid string, terminated bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.bySID[sid]
	if b == nil {
		return
	}
	b.pending--
	b.last = time.Now()
	if terminated || b.ended.Load() {
		t.drop(sid, b)
	}
}

// sweep forgets sessions without requests.
func (t *boshTable) sweep(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for sid, b := range t.bySID {
		kept := boshKept
		if b.failed.Load() {
			kept = boshFailedKept
		}
		if b.pending == 0 && now.Sub(b.last) > kept {
			t.drop(sid, b)
		}
	}
}

// drop wants the lock.
func (t *boshTable) drop(sid string, b *boshSession) {
	delete(t.bySID, sid)
	t.metrics.Connected(metrics.TransportBOSH, -1)
	b.free()
	t.cancel(b.begin(auth.Ticket{}))
}
