package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// mounted makes a small file system, or skips the test where that is not allowed.
func mounted(t *testing.T, mount func(dir string) error) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can make a file system")
	}
	dir := t.TempDir()
	if err := mount(dir); err != nil {
		t.Skipf("a file system cannot be made here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestFullDisk: a disk that is full refuses records and loses none, and takes them again when
// it has place.
func TestFullDisk(t *testing.T) {
	disk := mounted(t, func(dir string) error { return unix.Mount("none", dir, "tmpfs", 0, "size=256k") })
	j := mustOpen(t, filepath.Join(disk, "journal"), Position{}, Options{boot: boot(1), SegmentBytes: 16 << 10})
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 100<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	var kept []string
	var err error
	for i := 0; err == nil; i++ {
		p := fmt.Sprintf("record %d %0*d", i, 700+i%97, i)
		if _, err = j.Append(t.Context(), []byte(p)); err == nil {
			kept = append(kept, p)
		}
	}
	if !errors.Is(err, syscall.ENOSPC) || len(kept) < 50 {
		t.Fatalf("%d records, then %v", len(kept), err)
	}
	for i := range 20 { // shorter ones may have place
		if p := fmt.Sprint("short ", i); i%2 == 0 {
			if _, err := j.Append(t.Context(), []byte(p)); err == nil {
				kept = append(kept, p)
			}
		}
	}
	dead := mustOpen(t, killed(t, filepath.Join(disk, "journal")), Position{}, Options{boot: boot(1)})
	expect(t, "full", readAll(t, dead, Position{}), kept)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	appendAll(t, j, "place again")
	expect(t, "all", readAll(t, j, Position{}), append(kept, "place again"))
}

// TestFrozen: a file system that is frozen (fsfreeze(8)) holds one caller, and nobody else.
func TestFrozen(t *testing.T) {
	disk := mounted(t, func(dir string) error {
		image := filepath.Join(t.TempDir(), "image")
		if err := os.WriteFile(image, make([]byte, 4<<20), 0o600); err != nil {
			return err
		}
		if out, err := exec.Command("mkfs.ext4", "-q", "-F", image).CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		if out, err := exec.Command("mount", "-o", "loop", image, dir).CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
	j := mustOpen(t, filepath.Join(disk, "journal"), Position{}, Options{boot: boot(1)})
	appendAll(t, j, "one")
	if out, err := exec.Command("fsfreeze", "-f", disk).CombinedOutput(); err != nil {
		t.Skipf("it cannot be frozen here: %v: %s", err, out)
	}
	thawed := false
	thaw := func() {
		if !thawed {
			thawed = true
			if out, err := exec.Command("fsfreeze", "-u", disk).CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		}
	}
	t.Cleanup(thaw)
	hung := make(chan error, 1)
	go func() {
		_, err := j.Append(context.Background(), []byte("two"))
		hung <- err
	}()
	for began := time.Now(); !j.Status().Stuck; time.Sleep(time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatal("it is not stuck")
		}
	}
	const n = 100
	began := time.Now()
	for range n {
		if _, err := j.Append(t.Context(), []byte("x")); !errors.Is(err, ErrStuck) {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took > n*stuckAfter/5 {
		t.Errorf("%d of them waited for %v", n, took)
	}
	thaw()
	if err := <-hung; err != nil {
		t.Errorf("the one that hung: %v", err)
	}
	appendAll(t, j, "three")
	expect(t, "all", readAll(t, j, Position{}), []string{"one", "two", "three"})
	closeNow(t, j)
}
