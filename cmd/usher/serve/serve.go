// Package serve is the command usher serve: it runs the daemon in the foreground, and tells which signals end it. Its
// one goroutine listens for signals, and stopOnSignal's second result waits for it.
package serve

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"usher/cmd/usher/cmdline"
	"usher/internal/daemon"

	"github.com/urfave/cli/v2"
)

// Command is usher serve.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "serve",
		Usage:     "run the daemon in the foreground",
		UsageText: "usher serve [--config FILE]",
		Description: `Tells systemd when it is ready, reads the configuration again on SIGHUP, on usher reload
and when a file changes, and stops on SIGTERM or SIGINT. A second signal stops it at once.

Example:

   $ usher serve --config /etc/usher/usher.yaml`,
		Flags:  []cli.Flag{cmdline.ConfigFlag()},
		Action: serveAction,
	}
}

func serveAction(c *cli.Context) error {
	if err := cmdline.NoArgs(c); err != nil {
		return err
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	ctx, stop := stopOnSignal(c.Context, os.Exit)
	defer stop()
	return daemon.Run(ctx, daemon.Input{Config: c.String("config"), Version: c.App.Version, Stderr: c.App.ErrWriter,
		Hangups: hangups})
}

// stopOnSignal ends the context at the first SIGTERM or SIGINT and the process at the second.
func stopOnSignal(parent context.Context, exit func(int)) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	var listening sync.WaitGroup
	listening.Go(func() {
		for range signals {
			if ctx.Err() != nil {
				exit(1)
			}
			cancel()
		}
	})
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel()
		listening.Wait()
	}
}
