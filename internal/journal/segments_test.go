package journal

import (
	"errors"
	"io/fs"
	"os"
	"testing"
)

// TestEarlierSegments: what a killed process has not synced is synced before anything counts as
// on the disk: a power failure would take what is behind it as well.
func TestEarlierSegments(t *testing.T) {
	dir := journalDir(t)
	j := mustOpen(t, dir, Position{}, Options{boot: boot(1)})
	appendAll(t, j, "one", "two")
	next := mustOpen(t, killed(t, dir), Position{}, Options{boot: boot(1)})
	next.mu.Lock()
	defer next.mu.Unlock()
	if s := next.list[0]; len(next.list) != 2 || s.synced != s.end || s.f != nil {
		t.Errorf("%d segments, the first is synced to %d of %d", len(next.list), s.synced, s.end)
	}
}

// TestLeftSegment: a file that is in the place of a new segment costs one record, and no more.
func TestLeftSegment(t *testing.T) {
	o, last := faults()
	dir := journalDir(t)
	j := mustOpen(t, dir, Position{}, o)
	appendAll(t, j, "one")
	if err := os.WriteFile(segmentPath(dir, 2), []byte("left"), 0o600); err != nil {
		t.Fatal(err)
	}
	last().sync = func() error { return errDisk }
	if err := j.Sync(t.Context()); !errors.Is(err, ErrUnsure) {
		t.Fatal(err)
	}
	if _, err := j.Append(t.Context(), []byte("two")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a file: %v", err)
	}
	appendAll(t, j, "three")
	next := mustOpen(t, killed(t, dir), Position{}, Options{boot: boot(1)})
	expect(t, "all", readAll(t, next, Position{}), []string{"one", "three"})
}
