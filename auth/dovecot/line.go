package dovecot

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"sync"
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
	whole      []byte // a line that is longer than the buffer

	mu       sync.Mutex
	until    time.Time // when reading ends, wherever it is; zero for never
	stopping bool
}

// endBy sets the time at which reading ends. The zero time means never.
func (l *lineReader) endBy(t time.Time) {
	l.until = t
	l.deadline(t)
}

func (l *lineReader) deadline(t time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.stopping {
		_ = l.conn.SetReadDeadline(t) // fails only on a closed connection, as will the read
	}
}

// interrupt ends the reading, for good.
func (l *lineReader) interrupt() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopping = true
	_ = l.conn.SetReadDeadline(time.Unix(1, 0))
}

func (l *lineReader) interrupted() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stopping
}

// read returns the next line without its LF, good until the next call. Of a
// line over maxLine it returns the beginning, and skips the rest: the next line
// belongs to another user's login.
func (l *lineReader) read() (line []byte, cut bool, err error) {
	if l.interrupted() {
		return nil, false, errStopping
	}
	if _, err := l.in.Peek(1); err != nil {
		return nil, false, err
	}
	if buffered, _ := l.in.Peek(l.in.Buffered()); bytes.IndexByte(buffered, '\n') < 0 {
		l.deadline(l.lineDeadline())
		defer func() { l.deadline(l.until) }()
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
