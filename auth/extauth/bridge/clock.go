package bridge

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// now returns the time since the machine's start. It goes on while the process
// or the machine is suspended.
func now() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// startTime returns when this process was forked. Prosody writes the query
// right after that.
func startTime() time.Duration {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return now()
	}
	return parseStart(stat, now())
}

// ticksPerSecond is USER_HZ, the same on every architecture of Go's.
const ticksPerSecond = 100

// parseStart reads field 22 of proc_pid_stat(5), or returns otherwise. The
// name in field 2 may hold anything, so the count starts at its last bracket.
func parseStart(stat []byte, otherwise time.Duration) time.Duration {
	_, fields, found := bytes.Cut(stat[max(0, bytes.LastIndexByte(stat, ')')):], []byte{' '})
	parts := bytes.Fields(fields)
	const at = 22 - 3
	if !found || len(parts) <= at {
		return otherwise
	}
	ticks, err := strconv.ParseInt(string(parts[at]), 10, 64)
	if start := time.Duration(ticks) * (time.Second / ticksPerSecond); err == nil && start > 0 && start <= otherwise {
		return start
	}
	return otherwise
}
