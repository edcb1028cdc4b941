// Package budget answers one question: what may a message cost? That is how many
// bytes may be held at the same time, and how long it may take.
//
// What messages that have to be held whole take up, beyond a piece of each, is
// bounded in all, for each client address and for each session. It starts no
// goroutine. A [Budget] has one lock, for itself and all its shares; nothing
// else is locked within it.
package budget

import (
	"errors"
	"io"
	"net/netip"
	"sync"
	"time"
)

// Piece is how many bytes of each message cost nothing: a session that uses its
// share up still passes short ones.
const Piece = 16 << 10

// The bounds of a [Budget].
const (
	InAll        = 64 << 20 // in bytes, or AddressParts of the largest messages
	AddressParts = 8        // one address has one part of it
	UnknownParts = 2        // all clients whose address the proxy does not tell have one part of it together
)

// Slowest is the rate, in bytes a second, at which a long message must be sent or
// taken, at least.
const Slowest = 8 << 10

// messageWithin is the time that any message may take from its first byte to its
// last.
const messageWithin = 30 * time.Second

// TimeFor returns the time that a message of so many bytes may take.
func TimeFor(length int64) time.Duration {
	return messageWithin + time.Duration(length/Slowest)*time.Second
}

// ErrOverloaded says that there is no room for a message that would have to be held.
var ErrOverloaded = errors.New("too many large messages at the same time")

// A Budget counts the bytes that are held. The zero value is ready, and safe
// for concurrent use.
type Budget struct {
	mu      sync.Mutex
	taken   int64
	byGroup map[netip.Prefix]int64 // of client addresses; the zero prefix: of those that are not known
}

// Taken returns how many bytes are held now.
func (b *Budget) Taken() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.taken
}

// A Share is one session's part of a [Budget].
type Share struct {
	budget *Budget
	group  netip.Prefix // the zero value: the address is not known
	most   int64        // the largest message that there may be
	taken  int64        // guarded by budget.mu
}

// Share returns the part of a new session. The group is what counts as one
// client address, the zero value if that is not known; most is the length of
// the largest message that there may be, in bytes.
func (b *Budget) Share(group netip.Prefix, most int64) *Share {
	return &Share{budget: b, group: group, most: most}
}

// take takes so many bytes, unless that would exceed one of the three bounds.
func (s *Share) take(n int64) bool {
	all := max(InAll, AddressParts*s.most)
	ofGroup := all / AddressParts
	if s.group == (netip.Prefix{}) {
		ofGroup = all / UnknownParts
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

func (s *Share) give(n int64) {
	b := s.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken -= n
	s.taken -= n
	if b.byGroup[s.group] -= n; b.byGroup[s.group] == 0 {
		delete(b.byGroup, s.group)
	}
}

// A Loan is one message's part of a [Share]. It is for one goroutine.
type Loan struct {
	of    *Share
	taken int64
}

// Loan returns the loan of a new message, which holds nothing yet. Of a nil share
// it covers a piece.
func (s *Share) Loan() Loan { return Loan{of: s} }

// Covers reports whether so many bytes of the message may be held, and takes
// what that costs. The zero value covers a piece.
func (l *Loan) Covers(length int64) bool {
	more := length - Piece - l.taken
	if more <= 0 {
		return true
	}
	if l.of == nil || !l.of.take(more) {
		return false
	}
	l.taken += more
	return true
}

// Repay gives back what the message took.
func (l *Loan) Repay() {
	if l.taken > 0 {
		l.of.give(l.taken)
		l.taken = 0
	}
}

// Reader returns a reader of r that reads as long as the loan covers the message; its
// error after that is [ErrOverloaded].
func (l *Loan) Reader(r io.Reader) io.Reader { return &reader{from: r, loan: l} }

// A reader takes a loan for what it reads.
type reader struct {
	from io.Reader
	loan *Loan
	read int64
}

// Read implements [io.Reader].
func (r *reader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if r.read += int64(n); !r.loan.Covers(r.read) {
		return 0, ErrOverloaded
	}
	return n, err
}
