package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// boot makes the boot id of a test.
func boot(n byte) bootID { return bootID{n} }

func mustOpen(t testing.TB, dir string, applied Position, o Options) *Journal {
	t.Helper()
	j, err := Open(dir, applied, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close(context.Background()) })
	begun(t, j)
	return j
}

// begun waits until the segment that the start began is on the disk.
func begun(t testing.TB, j *Journal) {
	t.Helper()
	if err := j.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// journalDir is a folder that is not there yet.
func journalDir(t testing.TB) string { return filepath.Join(t.TempDir(), "usher.db.journal") }

func appendAll(t testing.TB, j *Journal, payloads ...string) (ends []Position) {
	t.Helper()
	for _, p := range payloads {
		end, err := j.Append(t.Context(), []byte(p))
		if err != nil {
			t.Fatalf("appending %q: %v", p, err)
		}
		ends = append(ends, end)
	}
	return ends
}

func readAll(t testing.TB, j *Journal, from Position) (payloads []string) {
	t.Helper()
	for r, err := range j.Read(from) {
		if err != nil {
			t.Fatalf("reading: %v", err)
		}
		payloads = append(payloads, string(r.Payload))
	}
	return payloads
}

func expect(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func many(n int) (payloads []string) {
	for i := range n {
		payloads = append(payloads, fmt.Sprintf("record %d %0*d", i, i%50+1, i))
	}
	return payloads
}

func closeNow(t testing.TB, j *Journal) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := j.Close(ctx); err != nil {
		t.Fatalf("closing: %v", err)
	}
}

// killed copies a journal as it is on the disk: what a killed process leaves.
func killed(t testing.TB, dir string) string {
	t.Helper()
	to := journalDir(t)
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// lastFile is the path of the newest segment.
func lastFile(t testing.TB, dir string) string {
	t.Helper()
	list, err := numbers(dir)
	if err != nil || len(list) == 0 {
		t.Fatalf("segments %v, %v", list, err)
	}
	return segmentPath(dir, list[len(list)-1])
}

// A faulty file does what a test wants instead of what the disk would.
type faulty struct {
	File
	write    func(f File, b []byte) (int, error) // nil: the disk's
	truncate func() error
	sync     func() error
}

func (f *faulty) Write(b []byte) (int, error) {
	if f.write != nil {
		return f.write(f.File, b)
	}
	return f.File.Write(b)
}

func (f *faulty) Truncate(n int64) error {
	if f.truncate != nil {
		if err := f.truncate(); err != nil {
			return err
		}
	}
	return f.File.Truncate(n)
}

func (f *faulty) Sync() error {
	if f.sync != nil {
		return f.sync()
	}
	return f.File.Sync()
}

// faults returns options with which each segment is a faulty file, and the last of those.
func faults() (Options, func() *faulty) {
	var last *faulty
	return Options{boot: boot(1), Create: func(path string) (File, error) {
		f, err := Create(path)
		if err != nil {
			return nil, err
		}
		last = &faulty{File: f}
		return last, nil
	}}, func() *faulty { return last }
}

var errDisk = errors.New("input/output error")
