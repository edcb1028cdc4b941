package systemd

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

func TestNotify(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	systemd, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer systemd.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "20000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	next := func(want string) {
		t.Helper()
		b := make([]byte, 4096)
		systemd.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, err := systemd.Read(b)
		if err != nil || !regexp.MustCompile(want).Match(b[:n]) {
			t.Errorf("%q, %v; want %s", b[:n], err, want)
		}
	}
	n := Notifier{slog.New(slog.DiscardHandler)}
	n.Ready("serving 1 host")
	next(`^READY=1\nSTATUS=serving 1 host$`)
	n.Reloading()
	next(`^RELOADING=1\nMONOTONIC_USEC=[0-9]{4,}\nSTATUS=`)
	n.Stopping()
	next(`^STOPPING=1\n`)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- n.Watchdog(ctx) }()
	next(`^WATCHDOG=1$`)
	next(`^WATCHDOG=1$`)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
