package gateway

import (
	"errors"
	"io"

	"golang.org/x/sync/semaphore"
)

// budgetBytes bounds what messages that have to be held whole take up together,
// beyond a piece of each.
const budgetBytes = 64 << 20

var errOverloaded = errors.New("too many large messages at the same time")

// A loan is one message's share of the budget. The first piece of each costs
// nothing: whoever uses the budget up keeps nobody from sending short ones.
type loan struct {
	budget *semaphore.Weighted
	taken  int64
}

// covers reports whether so many bytes may be held, and takes what that costs.
func (l *loan) covers(length int64) bool {
	more := length - pieceBytes - l.taken
	if more <= 0 {
		return true
	}
	if !l.budget.TryAcquire(more) {
		return false
	}
	l.taken += more
	return true
}

func (l *loan) repay() {
	if l.taken > 0 {
		l.budget.Release(l.taken)
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
