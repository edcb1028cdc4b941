package journal

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestSyncs: the disk is waited for a second after something was written, once, and not when
// nothing was.
func TestSyncs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, last := faults()
		o.MaxAge = 24 * time.Hour
		j, err := Open(journalDir(t), Position{}, o)
		if err != nil {
			t.Fatal(err)
		}
		begun(t, j)
		var syncs atomic.Int32
		last().sync = func() error { syncs.Add(1); return nil }
		time.Sleep(time.Hour)
		for range 10 {
			appendAll(t, j, "one")
		}
		if time.Sleep(999 * time.Millisecond); syncs.Load() != 0 {
			t.Errorf("%d syncs at once", syncs.Load())
		}
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		if time.Sleep(time.Hour); syncs.Load() != 1 {
			t.Errorf("%d syncs", syncs.Load())
		}
		appendAll(t, j, "two")
		if err := j.Sync(t.Context()); err != nil || syncs.Load() != 2 {
			t.Errorf("%d syncs, %v", syncs.Load(), err)
		}
		if err := j.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestSyncHangs: who waits for the disk waits no longer than asked.
func TestSyncHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, last := faults()
		j, err := Open(journalDir(t), Position{}, o)
		if err != nil {
			t.Fatal(err)
		}
		begun(t, j)
		appendAll(t, j, "one")
		thaw := make(chan struct{})
		last().sync = func() error { <-thaw; return nil }
		ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
		defer cancel()
		if err := j.Sync(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("synced: %v", err)
		}
		appendAll(t, j, "two") // a login does not wait for the disk
		close(thaw)
		if err := j.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestUnsure: once the disk has failed nothing is said to be on it, until it is applied
// elsewhere: the disk may say that all is well, and have lost it.
func TestUnsure(t *testing.T) {
	o, last := faults()
	dir := journalDir(t)
	j := mustOpen(t, dir, Position{}, o)
	end := appendAll(t, j, "one")[0]
	last().sync = func() error { return errDisk }
	if err := j.Sync(t.Context()); !errors.Is(err, ErrUnsure) || !errors.Is(err, errDisk) {
		t.Errorf("synced: %v", err)
	}
	last().sync = nil
	if err := j.Sync(t.Context()); !errors.Is(err, ErrUnsure) || j.Status().Unsure == nil {
		t.Errorf("synced afterwards: %v", err)
	}
	if next := appendAll(t, j, "two")[0]; next.Segment == end.Segment {
		t.Errorf("the next record is at %v, in the segment that failed", next)
	}
	if err := j.Forget(end); err != nil {
		t.Fatal(err)
	}
	if err := j.Sync(t.Context()); err != nil || j.Status().Unsure != nil {
		t.Errorf("applied: %v, %+v", err, j.Status())
	}
}

// TestDiskFailsOn: a disk that fails again and again leaves no files behind once it is well.
func TestDiskFailsOn(t *testing.T) {
	o, last := faults()
	dir := journalDir(t)
	j := mustOpen(t, dir, Position{}, o)
	for range 20 {
		last().sync = func() error { return errDisk }
		end := appendAll(t, j, "one")[0]
		if err := j.Sync(t.Context()); !errors.Is(err, ErrUnsure) {
			t.Errorf("synced: %v", err)
		}
		if err := j.Forget(end); err != nil {
			t.Fatal(err)
		}
		if err := j.Sync(t.Context()); err != nil {
			t.Errorf("applied: %v", err)
		}
	}
	end := appendAll(t, j, "last")[0]
	if err := errors.Join(j.Sync(t.Context()), j.Forget(end)); err != nil {
		t.Fatal(err)
	}
	if list, err := numbers(dir); err != nil || len(list) != 1 {
		t.Errorf("there are %v, %v", list, err)
	}
}
