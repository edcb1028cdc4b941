package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Append writes one record and returns where it ends. When it returns nil a killed process
// leaves the record; it does not wait for the disk. It writes in the caller's goroutine, which
// cannot be called back from a file system that hangs; no other caller waits for that one
// longer than a quarter of a second.
func (j *Journal) Append(ctx context.Context, payload []byte) (Position, error) {
	if len(payload) == 0 || len(payload) > MaxRecord {
		return Position{}, ErrLength
	}
	if err := ctx.Err(); err != nil {
		return Position{}, err
	}
	select {
	case j.writing <- struct{}{}:
	default:
		if err := j.queue(ctx); err != nil {
			return Position{}, err
		}
	}
	now := j.o.Now()
	j.began.Store(int64(now.Sub(j.since)) + 1)
	defer j.finish()
	end, err := j.write(payload, now)
	j.note(err, now)
	return end, err
}

// A refusal is of a record that was not taken.
type refusal struct {
	err error
	at  time.Time
}

// refusedFor is how long a refusal counts that no other record has followed: the disk may have
// place again, and no write have shown it.
const refusedFor = 30 * time.Second

// note keeps why the last record was not taken, if it was not.
func (j *Journal) note(err error, now time.Time) {
	switch {
	case err != nil:
		j.refused.Store(&refusal{err, now})
	case j.refused.Load() != nil:
		j.refused.Store(nil)
	}
}

// refusedAt is why the last record was not taken, if that is not long ago.
func (j *Journal) refusedAt(now time.Time) error {
	r := j.refused.Load()
	if r == nil || now.Sub(r.at) > refusedFor {
		return nil
	}
	return r.err
}

// queue waits for the right to write.
func (j *Journal) queue(ctx context.Context) error {
	if j.stuck() {
		return ErrStuck
	}
	t := time.NewTimer(stuckAfter)
	defer t.Stop()
	select {
	case j.writing <- struct{}{}:
		return nil
	case <-t.C:
		return ErrStuck
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (j *Journal) finish() {
	j.began.Store(0)
	<-j.writing
}

// stuck reports whether a write is not back in time.
func (j *Journal) stuck() bool {
	began := j.began.Load()
	return began != 0 && j.o.Now().Sub(j.since)-time.Duration(began-1) >= stuckAfter
}

// write wants the right to write.
func (j *Journal) write(payload []byte, now time.Time) (Position, error) {
	s, err := j.target(now)
	if err != nil {
		return Position{}, err
	}
	b := appendFrame(j.buf[:0], s.seed, payload)
	if j.buf = b; cap(b) > keptBuffer {
		j.buf = nil
	}
	if n, err := s.f.Write(b); err != nil || n < len(b) {
		if err == nil {
			err = io.ErrShortWrite
		}
		return Position{}, j.cutBack(s, err)
	}
	end := j.wrote(s, len(b), now)
	if j.unsynced.CompareAndSwap(false, true) {
		j.timer.Reset(j.o.SyncEvery)
	}
	return end, nil
}

const keptBuffer = 64 << 10

// target returns the segment to write to, which may be a new one. Only who writes changes the
// last one's end and file.
func (j *Journal) target(now time.Time) (*open, error) {
	j.mu.Lock()
	s := j.lastLocked()
	closed, behind := j.closed, j.behindLocked()
	replace, full := j.replace, s.end >= j.nextAfter && !j.oldUnsyncedLocked()
	late := j.marks.age(now) > j.o.MaxAge
	j.mu.Unlock()
	switch {
	case closed:
		return nil, ErrClosed
	case late:
		return nil, fmt.Errorf("%w since over %v", ErrBehind, j.o.MaxAge)
	case behind >= j.o.MaxBytes:
		return nil, fmt.Errorf("%w, over %d MiB", ErrBehind, j.o.MaxBytes>>20)
	case !replace && !full:
		return s, nil
	}
	if err := j.begin(s.last()); err != nil {
		j.mu.Lock()
		defer j.mu.Unlock()
		if j.replace {
			return nil, fmt.Errorf("beginning a segment: %w", err)
		}
		j.nextAfter = s.end + j.o.SegmentBytes/16 // this one is as good for a while
		return s, nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lastLocked(), nil
}

// oldUnsyncedLocked reports whether a segment before the last is not on the disk: then no other
// is begun, so that a power failure damages no more than two.
func (j *Journal) oldUnsyncedLocked() bool {
	for _, s := range j.list[:len(j.list)-1] {
		if s.f != nil {
			return true
		}
	}
	return false
}

// wrote counts a record.
func (j *Journal) wrote(s *open, n int, now time.Time) Position {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.marks.add(Position{s.number, s.end}, now)
	s.end += int64(n)
	return Position{s.number, s.end}
}

// cutBack takes the beginning of a record off again, before anything else is written. If that
// fails the next record begins a new segment, which says where this one ends.
func (j *Journal) cutBack(s *open, err error) error {
	err = fmt.Errorf("writing the journal: %w", err)
	cut := s.f.Truncate(s.end)
	if cut == nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.replace = true
	return errors.Join(err, cut)
}
