package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"usher/internal/logattr"
)

// notifier tells systemd how the daemon is (sd_notify(3), Type=notify-reload). Without NOTIFY_SOCKET it does nothing.
type notifier struct{ log *slog.Logger }

func (n notifier) send(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		n.log.Warn("telling systemd", logattr.Err(err))
	}
}

// ready says that the daemon answers, also after a reload; status is shown by systemctl status.
func (n notifier) ready(status string) { n.send("READY=1\nSTATUS=" + status) }

// reloading opens a reload; ready closes it. systemd drops the message without the time at which the reload began.
func (n notifier) reloading() {
	// The library ends the line of the time itself.
	n.send(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec() + "STATUS=reading the configuration")
}

func (n notifier) stopping() { n.send("STOPPING=1\nSTATUS=stopping") }

// watchdog tells systemd twice in each WATCHDOG_USEC that the daemon lives.
func (n notifier) watchdog(ctx context.Context) error {
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
