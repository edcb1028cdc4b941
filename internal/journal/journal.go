package journal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A Journal is open in one process. Its methods are safe for concurrent use.
type Journal struct {
	o     Options
	dir   string
	found Report
	since time.Time // began is from here

	writing chan struct{} // holds one while a caller writes
	began   atomic.Int64  // nanoseconds since since, of the write that is going on; 0: none
	buf     []byte        // of who writes
	number  uint64        // of the last segment that was tried; of who writes

	mu        sync.Mutex
	list      []*open // those with records that are not applied, and the one that is written, in order
	nextAfter int64   // the size from which on a new segment is begun
	replace   bool    // the last segment must not be written any more
	forgotten Position
	marks     marks
	unsure    Position // up to here the disk may not have it
	unsureErr error
	closed    bool

	refused  atomic.Pointer[refusal] // the last record; nil: it was taken
	unsynced atomic.Bool             // something is, and the timer runs
	timer    *time.Timer
	syncs    chan chan error
	stop     chan struct{}
	ended    chan error // has place for what came of the end
}

// An open is a segment as a journal has it. Its fields are guarded by the journal's mu.
type open struct {
	head
	path       string
	seed       uint32
	start, end int64 // of the records that count
	f          File  // nil once it is synced and not written any more
	synced     int64 // up to here; 0: its name is not on the disk, either
}

// Open opens the journal in the folder dir, whose parent must be there, and begins a new
// segment. Everything before applied has been applied; what follows is read by [Journal.Read]. The error
// says what is damaged, and how to go on.
func Open(dir string, applied Position, o Options) (*Journal, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	x, err := examine(dir, applied, o.boot)
	if err != nil {
		return nil, err
	}
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	j := &Journal{o: o, dir: dir, found: x.Report, since: o.Now(), writing: make(chan struct{}, 1),
		forgotten: applied, nextAfter: o.SegmentBytes, timer: time.NewTimer(time.Hour),
		syncs: make(chan chan error, 64), stop: make(chan struct{}), ended: make(chan error, 1)}
	j.timer.Stop()
	stale, err := j.start(x)
	if err != nil {
		return nil, fmt.Errorf("beginning a segment: %w", err)
	}
	go j.run(stale) // Close waits for it
	return j, nil
}

// start begins a segment, and returns the files that are of no use once that is on the disk.
func (j *Journal) start(x *examination) (stale []string, err error) {
	number := x.applied.Segment
	for _, s := range x.files {
		number = max(number, s.number)
		if !slices.Contains(x.chain, s) {
			stale = append(stale, s.path)
		}
	}
	for _, s := range x.chain {
		o := &open{head: s.head, path: s.path, seed: s.seed, start: s.start, end: s.end}
		j.list = append(j.list, o)
		// A killed process has not synced its last second. What is synced behind it is lost with it
		// if the power fails: so nothing counts as synced before it is.
		if o.f, err = reopen(s.path); err != nil {
			return nil, errors.Join(err, j.release())
		}
	}
	if x.Bytes > 0 {
		j.marks.add(x.applied, j.o.Now())
	}
	j.number = number
	if err := j.begin(x.End); err != nil {
		return nil, errors.Join(err, j.release())
	}
	return stale, nil
}

// begin makes the next segment the one that is written. The caller has the right to write.
func (j *Journal) begin(prev Position) error {
	j.number++
	h := head{number: j.number, boot: j.o.boot, prev: prev}
	rand.Read(h.random[:])
	b, seed := h.encode()
	path := segmentPath(j.dir, h.number)
	f, err := j.o.Create(path)
	if err != nil {
		return err
	}
	n, err := f.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return errors.Join(err, f.Close(), j.remove(path))
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.list = append(j.list, &open{head: h, path: path, seed: seed, start: headBytes, end: headBytes, f: f})
	j.replace, j.nextAfter = false, j.o.SegmentBytes
	return nil
}

// remove takes a segment away that could not be begun. If it stays, the next start may take it
// for the one that goes on from the last one: so that is not written any more.
func (j *Journal) remove(path string) error {
	err := os.Remove(path)
	if err != nil {
		j.mu.Lock()
		j.replace = true
		j.mu.Unlock()
	}
	return err
}

// Found is what Open found.
func (j *Journal) Found() Report { return j.found }

// lastLocked returns the segment that is written.
func (j *Journal) lastLocked() *open { return j.list[len(j.list)-1] }

// last is where the last record of the segment, or of one before it, ends.
func (s *open) last() Position { return lastEnd(s.head, s.end) }

// End is where the last record ends.
func (j *Journal) End() Position {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lastLocked().last()
}

// A Status is how a journal is.
type Status struct {
	Bytes    int64         // on the disk
	Segments int           // files
	Behind   int64         // bytes that are not applied
	Age      time.Duration // of the oldest of them, to a second; 0: there are none
	Stuck    bool          // a write is not back
	Refused  error         // why the last record was not taken, half a minute ago at most
	Unsure   error         // the disk failed to take something that is not applied
}

// Status returns how the journal is, without waiting for the disk.
func (j *Journal) Status() Status {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := j.o.Now()
	st := Status{Segments: len(j.list), Behind: j.behindLocked(), Age: j.marks.age(now), Stuck: j.stuck(),
		Refused: j.refusedAt(now)}
	for _, s := range j.list {
		st.Bytes += s.end
	}
	if j.unsure.Compare(j.forgotten) > 0 {
		st.Unsure = j.unsureErr
	}
	return st
}

// behindLocked counts the bytes that are not applied.
func (j *Journal) behindLocked() int64 {
	var n int64
	for _, s := range j.list {
		from := s.start
		if s.number == j.forgotten.Segment {
			from = max(from, j.forgotten.Offset)
		}
		if s.number >= j.forgotten.Segment {
			n += max(0, s.end-from)
		}
	}
	return n
}

// Close ends the journal: no more records, and what there is comes to the disk. If all of it is
// applied an empty, sealed segment is left, so that the next start knows that nothing is
// missing. It waits for a write, or the disk, until ctx ends.
func (j *Journal) Close(ctx context.Context) error {
	j.mu.Lock()
	again := j.closed
	j.closed = true
	j.mu.Unlock()
	if again {
		return ErrClosed
	}
	close(j.stop)
	select {
	case err := <-j.ended:
		return err
	case <-ctx.Done(): // a disk that hangs cannot be called back
		return fmt.Errorf("the disk is slow: %w", ctx.Err())
	}
}

// end is the last that the journal's goroutine does.
func (j *Journal) end() error {
	j.writing <- struct{}{} // who writes is waited for
	defer func() { <-j.writing }()
	return errors.Join(j.syncNow(), j.seal(), j.release())
}

// seal leaves an empty segment with the mark of a clean end, if everything is applied.
func (j *Journal) seal() error {
	j.mu.Lock()
	s := j.lastLocked()
	end := s.last()
	applied := j.forgotten.Compare(end) >= 0
	j.mu.Unlock()
	if !applied {
		return nil
	}
	if err := j.begin(end); err != nil {
		return err
	}
	j.mu.Lock()
	last := j.lastLocked()
	j.mu.Unlock()
	b := appendSeal(nil, last.seed)
	if _, err := last.f.Write(b); err != nil {
		return err
	}
	if err := j.syncNow(); err != nil {
		return err
	}
	return j.Forget(end)
}

// release closes the files.
func (j *Journal) release() error {
	var files []File
	j.mu.Lock()
	for _, s := range j.list {
		if s.f != nil {
			files = append(files, s.f)
			s.f = nil
		}
	}
	j.mu.Unlock()
	var errs []error
	for _, f := range files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// Forget says that everything before p is applied elsewhere, and on the disk there. Segments
// that are wholly before it go.
func (j *Journal) Forget(p Position) error {
	j.mu.Lock()
	if p.Compare(j.forgotten) > 0 {
		j.forgotten = p
	}
	j.marks.forget(j.forgotten, j.forgotten.Compare(j.lastLocked().last()) >= 0)
	gone, closed := j.uselessLocked()
	j.mu.Unlock()
	for _, f := range closed {
		_ = f.Close() // what it has is on the disk elsewhere
	}
	var errs []error
	for _, s := range gone {
		if err := os.Remove(s.path); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// uselessLocked takes out the segments that have nothing which is not applied, up to one whose
// name is on the disk: a power failure must leave one that can be read. The files are those that
// are not written or synced any more.
func (j *Journal) uselessLocked() (gone []*open, closed []File) {
	n := 0
	for i := 1; i < len(j.list) && j.forgotten.Compare(j.list[i-1].last()) >= 0; i++ {
		if s := j.list[i-1]; s.f != nil {
			closed = append(closed, s.f)
			s.f = nil
		}
		if j.list[i].synced > 0 {
			n = i
		}
	}
	gone, j.list = slices.Clone(j.list[:n]), j.list[n:]
	return gone, closed
}

// Read yields the records from a position on, up to what is appended when it begins. An error,
// of the disk or of what it has made of a record, is the last that it yields. It is
// [ErrForgotten] if some of the records are gone, as they were applied.
func (j *Journal) Read(from Position) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		parts, err := j.parts(from)
		if err != nil {
			yield(Record{}, err)
			return
		}
		for _, p := range parts {
			more, err := p.read(yield)
			if errors.Is(err, fs.ErrNotExist) {
				err = ErrForgotten
			}
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

func (j *Journal) parts(from Position) ([]part, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if first := j.list[0]; from.Segment < first.number && from != first.prev {
		return nil, ErrForgotten
	}
	var list []part
	for _, s := range j.list {
		p := part{s.path, s.number, s.seed, s.start, s.end}
		if p.number == from.Segment {
			p.start = max(p.start, from.Offset)
		}
		if p.number >= from.Segment && p.start < p.end {
			list = append(list, p)
		}
	}
	return list, nil
}
