package login

import (
	"sync"
	"sync/atomic"

	"usher/auth"
)

// A Progress is the state of the login of one stream. The zero value is a stream
// without a login. It is safe for concurrent use.
type Progress struct {
	loggedIn atomic.Bool

	mu      sync.Mutex
	ticket  auth.Ticket
	element []byte // that holds it, until it was sent again
	account string // bare JID; empty for a login without a token
	trying  bool   // a login is under way
	more    bool   // in which the client has more to say
}

// LoggedIn is true once Prosody has said that the login succeeded, now or earlier. It
// may only be read.
func (p *Progress) LoggedIn() *atomic.Bool { return &p.loggedIn }

// Begin notes a login that goes on to Prosody, and returns the ticket of the login
// before, if that is not used yet. The element repeatable may be sent again
// ([Progress.Repeat]).
func (p *Progress) Begin(v Verdict, repeatable []byte) (before string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before, p.ticket, p.element, p.trying, p.more = p.ticket.Text, v.Ticket, repeatable, v.Begins, v.GoesOn
	return before
}

// Continue notes a step of a login that is under way.
func (p *Progress) Continue(v Verdict) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.more = v.GoesOn
}

// Fail notes that Prosody refused the login: the client can only begin another.
func (p *Progress) Fail() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.more = false
}

// Succeed notes that the client has logged in, and returns the ticket that it used;
// the zero value if it used none.
func (p *Progress) Succeed() auth.Ticket {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ticket.Account != "" {
		p.account = p.ticket.JID()
	}
	used := p.ticket
	p.ticket.Text, p.element, p.trying, p.more = "", nil, false, false
	p.loggedIn.Store(true)
	return used
}

// Resume notes that an account, a bare JID, logged in before usher knew the stream.
func (p *Progress) Resume(account string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.account = account
	p.loggedIn.Store(true)
}

// Repeat returns the element and the ticket of the login that is under way, once,
// so that it can be sent again; nil if it cannot.
func (p *Progress) Repeat() (element []byte, ticket string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	element, p.element = p.element, nil
	return element, p.ticket.Text
}

// Abandon ends the login that is under way, if any, and returns its ticket if that is
// not used yet.
func (p *Progress) Abandon() (ticket string) { return p.Begin(Verdict{}, nil) }

// Trying reports whether a login is under way.
func (p *Progress) Trying() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trying
}

// UnderWay reports whether the client may go on with a login.
func (p *Progress) UnderWay() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.more
}

// Account returns the bare JID of the account that logged in with a token, or empty.
func (p *Progress) Account() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.account
}

// Name returns the bare JID of the account that has logged in with a ticket, or
// is about to; empty if there is none.
func (p *Progress) Name() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ticket.Account == "" {
		return ""
	}
	return p.ticket.JID()
}
