package daemon

import (
	"os"
	"strings"
	"testing"
	"time"
)

// Mark is a place in the log, for Await: its end as it is now.
func (d *Daemon) Mark() int { return len(d.Log()) }

// Log is all that the daemon has logged, whatever was started and ended meanwhile.
func (d *Daemon) Log() string {
	b, err := os.ReadFile(d.Path("log"))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// patience is for what takes no time on a machine that has some.
const patience = 20 * time.Second

// Await waits for a text in the log behind the mark, for as long as a machine with a lot to do may need.
func (d *Daemon) Await(t testing.TB, mark int, text string) {
	t.Helper()
	d.AwaitFor(t, mark, text, patience)
}

// AwaitFor waits for a text in the log behind the mark. A daemon that ends meanwhile without it fails the test at once.
func (d *Daemon) AwaitFor(t testing.TB, mark int, text string, most time.Duration) {
	t.Helper()
	logged := func() bool { return strings.Contains(d.Log()[mark:], text) }
	for deadline := time.Now().Add(most); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if logged() {
			return
		}
		select {
		case <-d.proc.Done():
			if !logged() { // it may have said so and ended since the last look
				t.Fatalf("usher has ended:\n%s", d.Log()[mark:])
			}
			return
		default:
		}
	}
	t.Errorf("usher did not log %q but:\n%s", text, d.Log()[mark:])
}
