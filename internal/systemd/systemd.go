// Package systemd answers one question: what does systemd have to know of a daemon? It sends what sd_notify(3) sends,
// for units of Type=notify-reload, feeds the watchdog, and keeps connections in systemd's store. It starts no goroutine
// and holds no lock.
package systemd

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"usher/internal/logattr"

	"github.com/coreos/go-systemd/v22/daemon"
)

// A Notifier tells systemd how the daemon is (sd_notify(3), Type=notify-reload). Without NOTIFY_SOCKET it does nothing.
type Notifier struct{ Log *slog.Logger }

// Told reports whether there is a systemd to tell.
func (n Notifier) Told() bool { return os.Getenv("NOTIFY_SOCKET") != "" }

func (n Notifier) send(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		n.Log.Warn("telling systemd", logattr.Err(err))
	}
}

// Ready says that the daemon answers, also after a reload; status is shown by systemctl status.
func (n Notifier) Ready(status string) { n.send("READY=1\nSTATUS=" + status) }

// Reloading opens a reload; [Notifier.Ready] closes it. systemd drops the message without the time at which the
// reload began.
func (n Notifier) Reloading() {
	// The library ends the line of the time itself.
	n.send(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec() + "STATUS=reading the configuration")
}

// Stopping says that the daemon ends.
func (n Notifier) Stopping() { n.send("STOPPING=1\nSTATUS=stopping") }

// Watchdog tells systemd twice in each WATCHDOG_USEC that the daemon lives.
func (n Notifier) Watchdog(ctx context.Context) error {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return fmt.Errorf("reading WATCHDOG_USEC: %w", err)
	}
	if every == 0 {
		return nil
	}
	tick := time.NewTicker(every / 2)
	defer tick.Stop()
	for {
		n.send("WATCHDOG=1")
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
