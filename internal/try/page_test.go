package try

import (
	"errors"
	"net"
	"testing"
	"time"
)

// TestDialStarting: a server that is being started is found once it listens.
func TestDialStarting(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close() // nobody listens there for now
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
