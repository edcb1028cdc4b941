// Package guardtest measures, in tests, for how long locks are held.
package guardtest

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"usher/internal/guard"
)

// LongestHold returns for how long f, which must not start a goroutine that does,
// holds a lock at most at a time. It is the processor's time, so that what else the
// machine does counts for nothing.
func LongestHold(t testing.TB, mu *guard.RWMutex, f func()) (longest time.Duration) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var began time.Duration
	mu.Meter = &guard.Meter{Taken: func() { began = threadTime(t) },
		LetGo: func() { longest = max(longest, threadTime(t)-began) }}
	f()
	mu.Meter = nil
	return longest
}

func threadTime(t testing.TB) time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now); err != nil {
		t.Fatal(err)
	}
	return time.Duration(now.Nano())
}
