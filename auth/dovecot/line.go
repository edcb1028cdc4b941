package dovecot

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const readBuffer = 4096 // bytes; a login with a common token fits

var (
	errTooLong  = errors.New("a line over the limit of what is discarded")
	errStopping = errors.New("the server is stopping")
)

// A lineReader reads lines with deadlines. Only the goroutine of the
// connection reads; interrupt may come from anywhere.
type lineReader struct {
	conn       net.Conn
	in         *bufio.Reader
	maxLine    int // bytes, without the LF
	maxDiscard int // bytes of one line in all
	lineTime   time.Duration
	stopTime   time.Duration // for what has begun when the reading is interrupted
	whole      []byte        // a line that is longer than the buffer
	until      time.Time     // when reading ends, wherever it is; zero for never

	interrupted atomic.Bool // without the lock, for each line asks for it

	mu     sync.Mutex
	within bool      // something has begun that is to be read to its end: the handshake, or a line
	stopBy time.Time // when the reading ends also within; zero unless it is interrupted
}

// endBy sets the time at which reading ends, for a handshake. The zero time means never.
func (l *lineReader) endBy(t time.Time) {
	l.until = t
	l.deadline(!t.IsZero(), t)
}

// deadline says whether something has begun, and when the reading of it ends.
func (l *lineReader) deadline(within bool, t time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch l.within = within; {
	case l.stopBy.IsZero():
	case !within:
		t = time.Unix(1, 0)
	case t.IsZero() || l.stopBy.Before(t):
		t = l.stopBy
	}
	_ = l.conn.SetReadDeadline(t) // fails only on a closed connection, as will the read
}

// interrupt ends the reading, for good: between two lines at once, else within stopTime.
func (l *lineReader) interrupt() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.stopBy.IsZero() {
		return
	}
	l.stopBy = time.Now().Add(l.stopTime)
	l.interrupted.Store(true)
	if l.within {
		_ = l.conn.SetReadDeadline(l.stopBy)
	} else {
		_ = l.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// ended returns the error with which an interrupted reading ends before the next line: errStopping if nothing of
// that line was read.
func (l *lineReader) ended() error {
	if !l.interrupted.Load() {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.in.Buffered() == 0 && !l.within:
		return errStopping
	case !time.Now().Before(l.stopBy):
		return os.ErrDeadlineExceeded
	}
	return nil
}

// read returns the next line without its LF, good until the next call. Of a
// line over maxLine it returns the beginning, and skips the rest: the next line
// belongs to another user's login.
func (l *lineReader) read() (line []byte, cut bool, err error) {
	if err := l.ended(); err != nil {
		return nil, false, err
	}
	if _, err := l.in.Peek(1); err != nil {
		return nil, false, cmp.Or(l.ended(), err)
	}
	if buffered, _ := l.in.Peek(l.in.Buffered()); bytes.IndexByte(buffered, '\n') < 0 {
		l.deadline(true, l.lineDeadline())
		defer func() { l.deadline(!l.until.IsZero(), l.until) }()
	}
	return l.readStarted()
}

// lineDeadline is for a line of which not all has come.
func (l *lineReader) lineDeadline() time.Time {
	t := time.Now().Add(l.lineTime)
	if !l.until.IsZero() && l.until.Before(t) {
		return l.until
	}
	return t
}

func (l *lineReader) readStarted() (line []byte, cut bool, err error) {
	part, err := l.in.ReadSlice('\n')
	if err == nil {
		return clipLine(part[:len(part)-1], l.maxLine)
	}
	l.whole = l.whole[:0]
	total := 0
	for {
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, false, err
		}
		if total += len(part); total > l.maxDiscard {
			return nil, false, errTooLong
		}
		// One byte more than a line may have, so that clipLine can tell, and
		// one for the LF.
		room := max(0, l.maxLine+2-len(l.whole))
		l.whole = append(l.whole, part[:min(room, len(part))]...)
		if err == nil {
			return clipLine(bytes.TrimSuffix(l.whole, []byte{'\n'}), l.maxLine)
		}
		part, err = l.in.ReadSlice('\n')
	}
}

func clipLine(line []byte, most int) ([]byte, bool, error) {
	if len(line) > most {
		return line[:most], true, nil
	}
	return line, false, nil
}
