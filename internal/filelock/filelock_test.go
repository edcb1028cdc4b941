package filelock_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"usher/internal/filelock"
)

func TestTake(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.lock")
	first, err := filelock.Take(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := first.Stat(); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if f, err := filelock.Take(path); !errors.Is(err, filelock.ErrHeld) || f != nil {
		t.Errorf("a second one: %v, %v", f, err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := filelock.Take(path)
	if err != nil {
		t.Errorf("after the first has ended: %v", err)
	}
	_ = second.Close()
}

// TestTakeFollowsNoLink: who may write to the folder must not have another file made.
func TestTakeFollowsNoLink(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), filepath.Join(dir, "usher.lock")); err != nil {
		t.Fatal(err)
	}
	if _, err := filelock.Take(filepath.Join(dir, "usher.lock")); err == nil || errors.Is(err, filelock.ErrHeld) {
		t.Errorf("a link was followed: %v", err)
	}
	if _, err := os.Lstat(filepath.Join(dir, "elsewhere")); err == nil {
		t.Error("the file was made")
	}
}

func TestTakeExisting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.lock")
	if f, err := filelock.TakeExisting(path); !errors.Is(err, os.ErrNotExist) || f != nil {
		t.Errorf("a file that is not there: %v, %v", f, err)
	}
	first, err := filelock.Take(path)
	if err != nil {
		t.Fatal(err)
	}
	if f, err := filelock.TakeExisting(path); !errors.Is(err, filelock.ErrHeld) || f != nil {
		t.Errorf("a second one: %v, %v", f, err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := filelock.TakeExisting(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}
