package sqlite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Sync waits until what was applied before is on the disk, or ctx ends. The
// writer goes on meanwhile, and so do logins. It brings the log to the disk: what
// has been moved out of that into the file was synced there before.
func (s *Store) Sync(ctx context.Context) error {
	result := make(chan error, 1)
	if !s.goUnlessClosed(func() { result <- s.syncFiles() }) {
		return errClosed
	}
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return fmt.Errorf("the disk is slow: %w", ctx.Err())
	}
}

func (s *Store) goUnlessClosed(f func()) bool {
	s.closing.Lock() // Close waits only for what began before
	defer s.closing.Unlock()
	select {
	case <-s.stop:
		return false
	default:
		s.done.Go(f)
		return true
	}
}

// syncFiles syncs the log, and the folder, in which the log may be new. The file
// itself is not opened: closing it would take SQLite's locks off it (POSIX).
func (s *Store) syncFiles() error {
	for _, path := range []string{s.path + "-wal", filepath.Dir(s.path)} {
		if err := s.syncFile(path); err != nil {
			return fmt.Errorf("state %s: %w", s.path, err)
		}
	}
	return nil
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
