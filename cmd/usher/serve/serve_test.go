package serve

import (
	"syscall"
	"testing"
	"time"
)

// TestSecondSignalStopsAtOnce sends the test itself the signals, while
// stopOnSignal holds them.
func TestSecondSignalStopsAtOnce(t *testing.T) {
	exits := make(chan int, 1)
	ctx, stop := stopOnSignal(t.Context(), func(code int) { exits <- code })
	defer stop()
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		if len(exits) > 0 {
			t.Fatal("the first signal stopped at once")
		}
		if err := syscall.Kill(syscall.Getpid(), s); err != nil {
			t.Fatal(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Second):
			t.Fatal("the first signal did nothing")
		}
	}
	select {
	case code := <-exits:
		if code != 1 {
			t.Errorf("exit code %d", code)
		}
	case <-time.After(10 * time.Second):
		t.Error("the second signal did nothing")
	}
}
