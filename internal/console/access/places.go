package access

import "errors"

// What a session has open: streams, and requests that are not answered yet.
const (
	streams = iota
	requests
	kinds
)

// The bounds of what is open. Moderators, of whom there are many, leave places for operators, and each for the others.
const (
	maxStreamsOf          = 4 // of one session
	maxStreamsOfModerator = 8 // of one account
	maxStreams            = 200
	maxModeratorStreams   = 160

	maxRequestsOf          = 16 // of one session
	maxRequestsOfModerator = 16 // of one account
	maxRequests            = 100
	maxModeratorRequests   = 80
)

// ErrStreams says that there are as many streams as there may be.
var ErrStreams = errors.New("too many streams are open; close some of the console's pages")

// ErrRequests says that as many requests wait for their answer as there may be.
var ErrRequests = errors.New("too many requests of the console wait for their answer")

// places count what is open of one kind.
type places struct{ all, ofModerators int }

// A bound is of what is open of one kind.
type bound struct {
	of, ofModerator, all, moderators int
	err                              error
}

func boundOf(kind int) bound {
	if kind == streams {
		return bound{maxStreamsOf, maxStreamsOfModerator, maxStreams, maxModeratorStreams, ErrStreams}
	}
	return bound{maxRequestsOf, maxRequestsOfModerator, maxRequests, maxModeratorRequests, ErrRequests}
}

// Stream takes a place for a stream of a session, which done gives back; it is called once. An error is [ErrStreams],
// or [ErrEnded].
func (s *State) Stream(v Viewer) (done func(), err error) { return s.take(streams, v) }

// Request is [State.Stream] for any other request, until it is answered. An error is [ErrRequests], or [ErrEnded].
func (s *State) Request(v Viewer) (done func(), err error) { return s.take(requests, v) }

func (s *State) take(kind int, v Viewer) (done func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, there := s.sessionsOf(v).get(v.session)
	most, now := boundOf(kind), &s.open[kind]
	switch {
	case !there:
		return nil, ErrEnded
	case e.open[kind] >= most.of, now.all >= most.all,
		!v.Operator && (now.ofModerators >= most.moderators || s.openOfLocked(kind, v.Account) >= most.ofModerator):
		return nil, most.err
	}
	e.count(now, kind, 1)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		e.count(now, kind, -1)
	}, nil
}

// openOfLocked is what all sessions of a moderator have open of one kind.
func (s *State) openOfLocked(kind int, account string) (n int) {
	for _, e := range s.moderators.byAccount[account] {
		n += e.open[kind]
	}
	return n
}

func (e *entry) count(p *places, kind, n int) {
	e.open[kind] += n
	p.all += n
	if !e.viewer.Operator {
		p.ofModerators += n
	}
}
