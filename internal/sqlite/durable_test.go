package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestSync: the log and its folder are brought to the disk; a disk that fails or
// hangs is told, and no longer waited for than was asked.
func TestSync(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	var synced []string
	s.syncFile = func(path string) error {
		synced = append(synced, path)
		return syncFile(path)
	}
	if err := s.Sync(t.Context()); err != nil || !slices.Equal(synced, []string{path + "-wal", filepath.Dir(path)}) {
		t.Errorf("synced %q, %v", synced, err)
	}
	broken := errors.New("input/output error")
	s.syncFile = func(string) error { return broken }
	if err := s.Sync(t.Context()); !errors.Is(err, broken) {
		t.Errorf("a broken disk: %v", err)
	}
	release := make(chan struct{})
	s.syncFile = func(string) error { <-release; return nil }
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.Sync(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a disk that hangs: %v", err)
	}
	close(release)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
