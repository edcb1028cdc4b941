package journal

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func numberOf(n int64) string { return strconv.FormatInt(n, 10) }

// TestShortWrite: what was begun of a record is cut back before anything else is written; where
// that fails, a new segment is begun.
func TestShortWrite(t *testing.T) {
	for _, cut := range []bool{true, false} {
		o, last := faults()
		dir := journalDir(t)
		j := mustOpen(t, dir, Position{}, o)
		appendAll(t, j, "one")
		f := last()
		f.write = func(f File, b []byte) (int, error) {
			n, _ := f.Write(b[:len(b)/2])
			return n, syscall.ENOSPC
		}
		if !cut {
			f.truncate = func() error { return errDisk }
		}
		for range 3 {
			if _, err := j.Append(t.Context(), []byte("two")); !errors.Is(err, syscall.ENOSPC) {
				if cut {
					t.Errorf("short: %v", err)
				}
				break // the file that was not cut is not written any more
			}
		}
		dead := killed(t, dir)
		f.write = nil
		end := appendAll(t, j, "three")[0]
		if (end.Segment > 1) == cut {
			t.Errorf("cut %v: it ends at %v", cut, end)
		}
		for _, dir := range []string{dir, dead} {
			next := mustOpen(t, killed(t, dir), Position{}, Options{boot: boot(1)})
			got := readAll(t, next, Position{})
			if got[0] != "one" || dir != dead && got[len(got)-1] != "three" {
				t.Errorf("cut %v: %q", cut, got)
			}
		}
	}
}

// TestNoSegment: a segment that cannot be made costs nothing while the last one is good.
func TestNoSegment(t *testing.T) {
	o, last := faults()
	o.SegmentBytes = 100
	usual, broken := o.Create, false
	o.Create = func(path string) (File, error) {
		if broken {
			return nil, syscall.ENOSPC
		}
		return usual(path)
	}
	dir := journalDir(t)
	j := mustOpen(t, dir, Position{}, o)
	broken = true
	payloads := many(10)
	appendAll(t, j, payloads...)
	last().write = func(File, []byte) (int, error) { return 0, syscall.EIO }
	last().truncate = func() error { return errDisk }
	for range 2 {
		if _, err := j.Append(t.Context(), []byte("x")); err == nil {
			t.Error("it was written")
		}
	}
	broken = false
	appendAll(t, j, "last")
	expect(t, "all", readAll(t, mustOpen(t, killed(t, dir), Position{}, Options{boot: boot(1)}), Position{}),
		append(payloads, "last"))
}

// TestStuck: nobody waits behind a write that hangs for longer than a quarter of a second, and
// from then on nobody waits at all, until it is back.
func TestStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, last := faults()
		j := mustOpen(t, journalDir(t), Position{}, o)
		appendAll(t, j, "one")
		thaw := make(chan struct{})
		last().write = func(f File, b []byte) (int, error) {
			<-thaw
			return f.Write(b)
		}
		var hangs, queued sync.WaitGroup
		hangs.Go(func() {
			if _, err := j.Append(t.Context(), []byte("two")); err != nil {
				t.Errorf("the one that hung: %v", err)
			}
		})
		synctest.Wait()
		began := time.Now()
		for range 5 {
			queued.Go(func() {
				if _, err := j.Append(t.Context(), []byte("x")); !errors.Is(err, ErrStuck) {
					t.Errorf("queued: %v", err)
				}
			})
		}
		queued.Wait()
		if took := time.Since(began); took > stuckAfter || !j.Status().Stuck {
			t.Errorf("they waited %v; %+v", took, j.Status())
		}
		began = time.Now()
		if _, err := j.Append(t.Context(), []byte("x")); !errors.Is(err, ErrStuck) || time.Since(began) != 0 {
			t.Errorf("afterwards: %v after %v", err, time.Since(began))
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _ = j.Sync(short); j.Status().Behind == 0 {
			t.Error("a sync waits for no write")
		}
		close(thaw)
		hangs.Wait()
		if j.Status().Stuck {
			t.Error("it is stuck still")
		}
		appendAll(t, j, "three")
		expect(t, "all", readAll(t, j, Position{}), []string{"one", "two", "three"})
	})
}

// TestCloseStuck: a close waits for a write that hangs no longer than it is told to.
func TestCloseStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, last := faults()
		j, err := Open(journalDir(t), Position{}, o)
		if err != nil {
			t.Fatal(err)
		}
		begun(t, j)
		thaw := make(chan struct{})
		last().write = func(f File, b []byte) (int, error) {
			<-thaw
			return f.Write(b)
		}
		var hangs sync.WaitGroup
		hangs.Go(func() { _, _ = j.Append(t.Context(), []byte("one")) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := j.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("closed: %v", err)
		}
		close(thaw)
		hangs.Wait()
	})
}

// TestBehind: what is not applied is bounded in bytes and in time.
func TestBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := journalDir(t)
		j, err := Open(dir, Position{}, Options{boot: boot(1), MaxBytes: 1000, MaxAge: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		begun(t, j)
		var end Position
		for err == nil {
			var at Position
			if at, err = j.Append(t.Context(), make([]byte, 100)); err == nil {
				end = at
			}
		}
		if !errors.Is(err, ErrBehind) || j.Status().Behind < 1000 || j.Status().Behind > 1108 {
			t.Errorf("%v, %+v", err, j.Status())
		}
		if err := j.Forget(end); err != nil {
			t.Fatal(err)
		}
		appendAll(t, j, "one")
		time.Sleep(time.Hour)
		appendAll(t, j, "two")
		time.Sleep(time.Second)
		if _, err := j.Append(t.Context(), []byte("three")); !errors.Is(err, ErrBehind) {
			t.Errorf("an hour behind: %v", err)
		}
		if err := j.Forget(j.End()); err != nil {
			t.Fatal(err)
		}
		appendAll(t, j, "four")
		if err := j.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestConcurrent: many at once lose nothing, while records are read, forgotten and synced. What is refused, as a
// write has taken a quarter of a second, is not there.
func TestConcurrent(t *testing.T) {
	dir := journalDir(t)
	j := mustOpen(t, dir, Position{}, Options{boot: boot(1), SegmentBytes: 4 << 10})
	const writers, each = 8, 200
	var w sync.WaitGroup
	for i := range writers {
		w.Go(func() {
			for n := range each {
				payload := []byte(strconv.Itoa(i*each + n))
				_, err := j.Append(t.Context(), payload)
				for errors.Is(err, ErrStuck) {
					time.Sleep(time.Millisecond)
					_, err = j.Append(t.Context(), payload)
				}
				if err != nil {
					t.Errorf("appending: %v", err)
				}
				if n%50 == 0 {
					_ = j.Sync(t.Context())
				}
			}
		})
	}
	seen := map[string]int{}
	var at Position
	read := func() {
		for r, err := range j.Read(at) {
			if err != nil {
				t.Errorf("reading: %v", err)
				return
			}
			seen[string(r.Payload)]++
			at = r.End
		}
		if err := j.Forget(at); err != nil {
			t.Error(err)
		}
	}
	done := make(chan struct{})
	go func() { w.Wait(); close(done) }()
	for ended := false; !ended; read() {
		select {
		case <-done:
			ended = true
		default:
		}
	}
	for n := range writers * each {
		if times := seen[strconv.Itoa(n)]; times != 1 {
			t.Errorf("record %d is there %d times", n, times)
		}
	}
	closeNow(t, j)
	if r, err := check(dir, at, boot(1)); err != nil || !r.Clean {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestMessages: an error says what to do.
func TestMessages(t *testing.T) {
	dir := journalDir(t)
	_, err := Open(dir, Position{3, 99}, Options{boot: boot(1)})
	if err == nil || !strings.Contains(err.Error(), "install -d -o usher -g usher -m 0700 "+dir) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it made the folder: %v", err)
	}
	if !slices.Equal([]string{Position{3, 99}.String()}, []string{"3:99"}) {
		t.Error(Position{3, 99})
	}
}
