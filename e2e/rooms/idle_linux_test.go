package rooms

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"usher/e2e/world"
)

// BenchmarkIdle counts how often a daemon wakes up that nobody asks anything, with a component connected to a Prosody: each
// time keeps a processor from its sleep.
func BenchmarkIdle(b *testing.B) {
	const settles, watched = 10 * time.Second, 30 * time.Second
	w := world.New(b, world.AnyVersion(b), world.Options{})
	time.Sleep(settles)
	before := switches(b, w.Usher.PID())
	time.Sleep(watched)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(switches(b, w.Usher.PID())-before)/watched.Seconds(), "switches/s")
}

// switches counts the voluntary context switches of all threads of a process that run still.
func switches(b *testing.B, pid int) (n int) {
	b.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(threads) == 0 {
		b.Fatalf("no threads of %d: %v", pid, err)
	}
	for _, name := range threads {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
			var of int
			if _, err := fmt.Sscanf(lines.Text(), "voluntary_ctxt_switches: %d", &of); err == nil {
				n += of
			}
		}
	}
	return n
}
