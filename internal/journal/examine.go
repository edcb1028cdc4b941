package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"usher/internal/text"
)

// A Report is what a start, or [Check], finds in a journal.
type Report struct {
	Segments int      // files
	Records  int      // that are not applied
	Bytes    int64    // of those
	End      Position // of the last good record
	Clean    bool     // the last process closed it, or there was none
	Dropped  int64    // bytes at the end that are no record, after a kill or a power failure
	Warning  string   // what else an operator should know
}

// A segment is one file. Start and end bound the records that count.
type segment struct {
	head
	path       string
	seed       uint32
	start, end int64
	size       int64 // of the file
	readable   error // why its head cannot be read, if it cannot
}

// An examination is a report and what it is about.
type examination struct {
	Report
	dir     string
	boot    bootID
	applied Position
	files   []*segment // all, in order
	chain   []*segment // those with records that are not applied, in order
}

// examine reads a folder and changes nothing. The error says what is damaged, where, and how
// to go on.
func examine(dir string, applied Position, boot bootID) (*examination, error) {
	x := &examination{dir: dir, boot: boot, applied: applied}
	x.End = applied
	list, err := numbers(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !applied.IsZero():
		return nil, fmt.Errorf("the folder %s is not there: what was recorded last is lost with it, also who was "+
			"revoked; put it back, or go on without — install -d -o usher -g usher -m 0700 %s", dir, text.Shell(dir))
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	}
	for _, n := range list {
		s, err := readHead(segmentPath(dir, n), n)
		if err != nil {
			return nil, err
		}
		x.files = append(x.files, s)
	}
	x.Segments = len(x.files)
	if err := x.link(); err != nil {
		return nil, err
	}
	return x, x.scan()
}

func readHead(path string, number uint64) (*segment, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	s := &segment{path: path, size: info.Size(), start: headBytes, end: info.Size()}
	var b [headBytes]byte
	n, err := io.ReadFull(f, b[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	s.head, s.seed, s.readable = decodeHead(b[:n])
	if s.readable == nil && s.number != number {
		s.readable = errNoHead
	}
	if errors.Is(s.readable, errNewer) {
		return nil, fmt.Errorf("%s: %w", path, errNewer)
	}
	s.number = number
	return s, nil
}

// link finds the segments that have records which are not applied: from the newest back, by
// what each says of the one before.
func (x *examination) link() error {
	last, err := x.newest()
	if err != nil {
		return err
	}
	if last == nil {
		x.Clean = x.applied.IsZero()
		if !x.Clean {
			x.Warning = "the journal is empty, and was not when it was last used: what it had is lost"
		}
		return nil
	}
	for s := last; ; {
		x.chain = append(x.chain, s)
		if s.number > x.applied.Segment && s.prev.Compare(x.applied) < 0 {
			return x.foreign(s)
		}
		if s.number <= x.applied.Segment || s.prev == x.applied {
			break
		}
		before := x.file(s.prev.Segment)
		if before == nil && s == last && x.applied.IsZero() && x.empty(s) {
			x.chain = nil // another state may go on
			return nil
		}
		if before == nil || before.readable != nil {
			return x.missing(s)
		}
		before.end = s.prev.Offset
		s = before
	}
	slices.Reverse(x.chain)
	if first := x.chain[0]; first.number == x.applied.Segment {
		first.start = x.applied.Offset
	}
	if p := (Position{last.number, last.size}); p.Compare(x.applied) < 0 {
		return x.behind(last)
	}
	return nil
}

// newest returns the last segment whose head can be read. One that has none was being made when
// the process was killed, or when the power failed.
func (x *examination) newest() (*segment, error) {
	for i := len(x.files) - 1; i >= 0; i-- {
		s := x.files[i]
		if s.readable == nil {
			return s, nil
		}
		if s.size < headBytes { // a killed process may leave that
			continue
		}
		if i > 0 && x.files[i-1].readable == nil && x.files[i-1].boot != x.boot {
			x.drop(s.size, s.path)
			continue
		}
		return nil, fmt.Errorf("%s is damaged: %w; put it back from a copy, or %s", s.path, s.readable, x.without())
	}
	return nil, nil
}

func (x *examination) file(number uint64) *segment {
	i := slices.IndexFunc(x.files, func(s *segment) bool { return s.number == number })
	if i < 0 {
		return nil
	}
	return x.files[i]
}

// empty reports whether a segment was sealed and has nothing in it.
func (x *examination) empty(s *segment) bool {
	if s.size != headBytes+frameHead {
		return false
	}
	_, err := x.scanSegment(s)
	return err == nil && x.Clean
}

func (x *examination) missing(s *segment) error {
	if x.applied.IsZero() {
		return fmt.Errorf("%s belongs to another state: this one has nothing of what was recorded before; put the "+
			"file of the state back, or move the folder away with what it has — mv %s %s", s.path, text.Shell(x.dir),
			text.Shell(x.dir+".old"))
	}
	return fmt.Errorf("the journal has a gap: the state has what was recorded up to %v, and %s goes on from %v; put "+
		"%s back, or %s", x.applied, s.path, s.prev, segmentPath(x.dir, s.prev.Segment), x.without())
}

// foreign: no segment goes on from before what the state has of an earlier one.
func (x *examination) foreign(s *segment) error {
	return fmt.Errorf("%s goes on from %v, and the state has what was recorded up to %v: it belongs to another state, "+
		"or to another copy of this one; put back what belongs together, or %s", s.path, s.prev, x.applied, x.without())
}

// behind: the state has more than the journal. A power failure leaves that, as the state was
// synced before the journal was.
func (x *examination) behind(last *segment) error {
	if last.boot != x.boot {
		x.chain = nil
		return nil
	}
	return fmt.Errorf("the state has what was recorded up to %v, and the journal ends in %s; put back what is "+
		"missing, or %s", x.applied, last.path, x.without())
}

// without is how to go on without a journal.
func (x *examination) without() string {
	return fmt.Sprintf("go on without what is in the journal, also who was revoked last: move %s away",
		filepath.Join(x.dir, "*"+suffix))
}

// scan reads the records that are not applied.
func (x *examination) scan() error {
	for i, s := range x.chain {
		at, err := x.scanSegment(s)
		damaged := errors.Is(err, errTorn) || errors.Is(err, errBroken)
		switch {
		case damaged:
			err = x.judge(i, at, err)
		case err != nil:
			err = fmt.Errorf("reading %s: %w", s.path, err)
		}
		if err != nil {
			return err
		}
		s.end = at
		if end := lastEnd(s.head, at); end.Compare(x.End) > 0 {
			x.End = end
		}
		if damaged {
			x.chain = x.chain[:i+1]
			return nil
		}
	}
	return nil
}

// scanSegment counts the records of one segment, and returns how far they are good.
func (x *examination) scanSegment(s *segment) (at int64, err error) {
	f, err := os.Open(s.path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if _, err := f.Seek(s.start, io.SeekStart); err != nil {
		return 0, err
	}
	sc := newScanner(f, s.seed, s.start, s.end)
	for {
		b, err := sc.next()
		if err == nil {
			x.Records++
			x.Bytes += int64(frameHead + len(b))
			continue
		}
		if x.Clean = sc.sealed; errors.Is(err, io.EOF) {
			err = nil
		}
		return sc.at, err
	}
}

// judge says whether damage is what a kill or a power failure leaves. If it is not, the start
// stops: there may be acknowledged records behind it.
func (x *examination) judge(i int, at int64, found error) error {
	s := x.chain[i]
	failed := s.boot != x.boot // the power, as far as can be told
	if rest := x.chain[i+1:]; len(rest) > 0 {
		if next := rest[0]; !failed || len(rest) > 1 || next.boot != s.boot {
			return fmt.Errorf("%s is damaged at byte %d: %w, and others follow; put it back from a copy, or %s",
				s.path, at, found, x.without())
		}
		x.drop(rest[0].size-headBytes, rest[0].path)
		x.drop(s.end-at, s.path)
		return nil
	}
	tail := s.size - at
	if failed {
		x.drop(tail, s.path)
		return nil
	}
	good := true
	if errors.Is(found, errTorn) { // so it is no longer than a record
		var err error
		if good, err = goodBehindAt(s, at); err != nil {
			return fmt.Errorf("reading %s: %w", s.path, err)
		}
	}
	if good {
		return fmt.Errorf("%s is damaged at byte %d: %w, which neither a kill nor a power failure leaves; put the "+
			"file back from a copy, or go on without the %d bytes from there on, also who was revoked last — "+
			"truncate -s %d %s",
			s.path, at, found, tail, at, text.Shell(s.path))
	}
	x.Dropped += tail
	return nil
}

func goodBehindAt(s *segment, at int64) (bool, error) {
	b, err := os.ReadFile(s.path)
	if err != nil {
		return false, err
	}
	return goodBehind(b[min(at, int64(len(b))):], s.seed), nil
}

// drop notes what a power failure cost.
func (x *examination) drop(n int64, path string) {
	x.Dropped += n
	x.Warning = fmt.Sprintf("%d bytes at the end of %s are no records: the power failed, or the machine was reset; "+
		"what was recorded in the last second before is lost", x.Dropped, path)
}

// Check examines a journal that no process has open, and changes nothing. The error says what
// is damaged, and how to go on.
func Check(dir string, applied Position) (Report, error) {
	boot, err := thisBoot()
	if err != nil {
		return Report{}, err
	}
	x, err := examine(dir, applied, boot)
	if err != nil {
		return Report{}, err
	}
	return x.Report, nil
}
