package handover

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"testing"
	"time"

	"usher/internal/systemd"
)

// TestNotHandedOver: what the door leaves is closed where there is no systemd, where usher ends because something has
// failed, and where it comes too late.
func TestNotHandedOver(t *testing.T) {
	notified, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "n"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = notified.Close() }()
	for name, row := range map[string]struct {
		socket string
		failed bool
	}{"no systemd": {"", false}, "failed": {notified.LocalAddr().String(), true}} {
		t.Setenv("NOTIFY_SOCKET", row.socket)
		log := slog.New(slog.DiscardHandler)
		h := New(log, systemd.Notifier{Log: log})
		before, other := net.Pipe()
		h.Leave(before, true)
		h.Pass(row.failed)
		late, another := net.Pipe()
		h.Leave(late, true)
		for _, nc := range []net.Conn{other, another} {
			_ = nc.SetReadDeadline(time.Now().Add(5 * time.Second))
			if _, err := nc.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	_ = notified.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if n, err := notified.Read(make([]byte, 100)); err == nil {
		t.Errorf("systemd was told %d bytes", n)
	}
}
