package check

import (
	"bytes"
	"io"
)

// mostLine bounds what is kept of a line that has not ended, in bytes.
const mostLine = 64 << 10

// lines hand on whole lines as they come: a pipe hands on parts of them, too. A longer line than mostLine goes on in
// parts, as another user's process could say one without an end.
type lines struct {
	out  io.Writer
	rest []byte
}

// Write implements io.Writer.
func (l *lines) Write(text []byte) (int, error) {
	l.rest = append(l.rest, text...)
	whole := bytes.LastIndexByte(l.rest, '\n') + 1
	if whole == 0 && len(l.rest) > mostLine {
		whole = len(l.rest)
	}
	return len(text), l.pass(whole)
}

// end hands on what is left.
func (l *lines) end() error { return l.pass(len(l.rest)) }

func (l *lines) pass(n int) error {
	if n == 0 {
		return nil
	}
	_, err := l.out.Write(l.rest[:n])
	l.rest = l.rest[:copy(l.rest, l.rest[n:])]
	return err
}
