package journal

import (
	"errors"
	"fmt"
	"io"
	"iter"
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

// Records yields the records of a journal that no process has open, from a position on. It
// changes nothing. An error is the last that it yields.
func Records(dir string, applied Position) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		boot, err := thisBoot()
		if err != nil {
			yield(Record{}, err)
			return
		}
		x, err := examine(dir, applied, boot)
		if err != nil {
			yield(Record{}, err)
			return
		}
		for _, s := range x.chain {
			more, err := part{s.path, s.number, s.seed, s.start, s.end}.read(yield)
			if err != nil {
				yield(Record{}, err)
				return
			}
			if !more {
				return
			}
		}
	}
}
