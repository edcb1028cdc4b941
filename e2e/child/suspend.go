package child

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// suspendLimit bounds the wait for a process to stand still; it takes microseconds, unless a thread waits for a disk.
const suspendLimit = 20 * time.Second

// Suspend sends a process SIGSTOP and returns when it stands still, until a SIGCONT: kill(2) only asks for that, and
// what runs on another processor meanwhile may still read a question and answer it.
func Suspend(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return fmt.Errorf("suspending process %d: %w", pid, err)
	}
	for end := time.Now().Add(suspendLimit); ; time.Sleep(100 * time.Microsecond) {
		stopped, err := standsStill(pid)
		if err != nil || stopped {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("process %d runs %s after SIGSTOP", pid, suspendLimit)
		}
	}
}

// standsStill tells whether each thread of a process is stopped.
func standsStill(pid int) (bool, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil {
		return false, err
	}
	if len(threads) == 0 {
		return false, fmt.Errorf("process %d has ended", pid)
	}
	for _, thread := range threads {
		stat, err := os.ReadFile(thread)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // this thread has ended
		}
		if err != nil {
			return false, err
		}
		if _, state, _ := strings.Cut(string(stat), ") "); !strings.HasPrefix(state, "T") {
			return false, nil
		}
	}
	return true, nil
}
