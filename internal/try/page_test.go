package try

import (
	"errors"
	"net"
	"testing"
	"time"

	"usher/internal/ports"
)

// TestDialStarting: a server that is being started is found once it listens.
func TestDialStarting(t *testing.T) {
	address, err := ports.FreeAddress() // nobody listens there for now
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan error, 1)
	timer := time.AfterFunc(300*time.Millisecond, func() {
		late, err := net.Listen("tcp", address)
		if err == nil {
			t.Cleanup(func() { _ = late.Close() })
		}
		started <- err
	})
	defer timer.Stop()
	conn, err := dial(t.Context(), address)
	if err := errors.Join(err, <-started); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}
