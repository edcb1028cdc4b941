package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// Sync waits until what was appended before is on the disk, here or where it is applied, or ctx
// ends.
func (j *Journal) Sync(ctx context.Context) error {
	answer := make(chan error, 1)
	select {
	case <-j.stop:
		return ErrClosed
	default:
	}
	select {
	case j.syncs <- answer:
	case <-j.stop:
		return ErrClosed
	case <-ctx.Done():
		return fmt.Errorf("the disk is slow: %w", ctx.Err())
	}
	select {
	case err := <-answer:
		return err
	case <-j.stop:
		return ErrClosed
	case <-ctx.Done():
		return fmt.Errorf("the disk is slow: %w", ctx.Err())
	}
}

// run syncs when it is asked to, and a second after something was written. First of all it
// syncs the segment that the start began, for which nobody has to wait: a power failure before
// that leaves the older ones.
func (j *Journal) run(stale []string) {
	defer j.timer.Stop()
	if j.syncNow() == nil {
		for _, path := range stale {
			_ = os.Remove(path) // or else the next start does
		}
	}
	for {
		select {
		case <-j.stop:
			j.ended <- j.end()
			return
		case <-j.timer.C:
			_ = j.syncNow() // Status and the next Sync say so
		case first := <-j.syncs:
			waiting := []chan error{first}
			for n := len(j.syncs); n > 0; n-- {
				waiting = append(waiting, <-j.syncs)
			}
			err := j.syncNow()
			for _, answer := range waiting {
				answer <- err
			}
		}
	}
}

// A flush is a segment that is being synced.
type flush struct {
	s      *open
	f      File
	end    int64
	closed bool // it is not written any more
}

// syncNow brings everything to the disk. A disk that failed once may say afterwards that all is
// well, and not have it (https://wiki.postgresql.org/wiki/Fsync_Errors): so that segment is not
// written any more, and counts as lost until it is applied.
func (j *Journal) syncNow() error {
	j.unsynced.Store(false) // who writes from now on starts the timer again
	list, named, end := j.unsyncedParts()
	var errs []error
	for i, p := range list {
		err := p.f.Sync()
		if errors.Is(err, os.ErrClosed) { // it was forgotten meanwhile
			err = nil
		}
		errs = append(errs, err)
		list[i].closed = p.closed && err == nil
	}
	if !named && len(list) > 0 {
		errs = append(errs, syncDir(j.dir))
	}
	over, unsure := j.synced(list, end, errors.Join(errs...))
	for _, f := range over {
		_ = f.Close() // what it has is on the disk
	}
	return unsure
}

// unsyncedParts also returns whether the names of all segments are on the disk, and the end.
func (j *Journal) unsyncedParts() (list []flush, named bool, end Position) {
	j.mu.Lock()
	defer j.mu.Unlock()
	named = true
	last := j.lastLocked()
	for _, s := range j.list {
		if s.f != nil && (s.synced < s.end || s != last) {
			list = append(list, flush{s: s, f: s.f, end: s.end, closed: s != last})
			named = named && s.synced > 0
		}
	}
	return list, named, last.last()
}

// synced notes what came of it, and returns the files that are not used any more.
func (j *Journal) synced(list []flush, end Position, err error) (over []File, unsure error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err != nil {
		j.unsure, j.unsureErr, j.replace = end, err, true
		list = nil
	}
	for _, p := range list {
		p.s.synced = p.end
		if p.closed && p.s.f != nil {
			over = append(over, p.s.f)
			p.s.f = nil
		}
	}
	if j.unsure.Compare(j.forgotten) > 0 { // or else it is on the disk where it was applied
		return over, fmt.Errorf("%w: %w", ErrUnsure, j.unsureErr)
	}
	return over, nil
}
