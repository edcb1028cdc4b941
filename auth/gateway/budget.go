package gateway

import (
	"errors"
	"io"
	"net/netip"
	"sync"
)

// What messages that have to be held whole take up, beyond a piece of each, is
// bounded in all, for each client address and for each session. Of it there is
// nothing before a login: until then a message is a piece at most.
const (
	budgetBytes  = 64 << 20 // in all, or addressParts of the largest messages
	addressParts = 8        // one address has one part of it
	unknownParts = 2        // all clients together whose address the proxy does not tell have one part of it
)

var errOverloaded = errors.New("too many large messages at the same time")

// A budget counts the bytes that are held. The zero value is ready.
type budget struct {
	mu      sync.Mutex
	taken   int64
	byGroup map[netip.Prefix]int64 // of client addresses; the zero prefix: of those that are not known
}

// A share is one session's part of the budget.
type share struct {
	budget *budget
	group  netip.Prefix // the zero value: the address is not known
	most   int64        // the largest message that there may be
	taken  int64        // wants budget.mu
}

// share returns the part of a new session.
func (s *Server) share(c *Settings, from client) *share {
	sh := &share{budget: &s.budget, most: c.MessageBytes}
	if c.known(from) {
		sh.group = from.group()
	}
	return sh
}

// take takes so many bytes, unless one of the three bounds is in the way.
func (s *share) take(n int64) bool {
	all := max(budgetBytes, addressParts*s.most)
	ofGroup := all / addressParts
	if s.group == (netip.Prefix{}) {
		ofGroup = all / unknownParts
	}
	b := s.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken+n > all || b.byGroup[s.group]+n > ofGroup || s.taken+n > s.most {
		return false
	}
	if b.byGroup == nil {
		b.byGroup = map[netip.Prefix]int64{}
	}
	b.taken += n
	b.byGroup[s.group] += n
	s.taken += n
	return true
}

func (s *share) give(n int64) {
	b := s.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken -= n
	s.taken -= n
	if b.byGroup[s.group] -= n; b.byGroup[s.group] == 0 {
		delete(b.byGroup, s.group)
	}
}

// A loan is one message's part of a share. The first piece of each message costs
// nothing: a session that uses its share up still passes short ones.
type loan struct {
	of    *share
	taken int64
}

// covers reports whether so many bytes may be held, and takes what that costs.
func (l *loan) covers(length int64) bool {
	more := length - pieceBytes - l.taken
	if more <= 0 {
		return true
	}
	if !l.of.take(more) {
		return false
	}
	l.taken += more
	return true
}

func (l *loan) repay() {
	if l.taken > 0 {
		l.of.give(l.taken)
		l.taken = 0
	}
}

// A thriftyReader takes a loan for what it reads.
type thriftyReader struct {
	from io.Reader
	loan *loan
	read int64
}

func (t *thriftyReader) Read(p []byte) (int, error) {
	n, err := t.from.Read(p)
	if t.read += int64(n); !t.loan.covers(t.read) {
		return 0, errOverloaded
	}
	return n, err
}
