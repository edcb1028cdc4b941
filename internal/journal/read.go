package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// A Record is one that was appended.
type Record struct {
	Payload []byte   // good until the next record is read
	End     Position // where the next one begins
}

// A part is what is read of a segment.
type part struct {
	path       string
	number     uint64
	seed       uint32
	start, end int64
}

// read reports whether there may be more.
func (p part) read(yield func(Record, error) bool) (more bool, err error) {
	f, err := os.Open(p.path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	if _, err := f.Seek(p.start, io.SeekStart); err != nil {
		return false, err
	}
	for sc := newScanner(f, p.seed, p.start, p.end); ; {
		b, err := sc.next()
		switch {
		case errors.Is(err, io.EOF):
			return true, nil
		case err != nil:
			return false, fmt.Errorf("reading %s at byte %d: %w", p.path, sc.at, err)
		case !yield(Record{b, Position{p.number, sc.at}}, nil):
			return false, nil
		}
	}
}
