// Command demo answers one question: what do several ushers know of each other on this machine? It starts two Prosodys
// with two ushers each, and a Redis with a replica and a Sentinel, in a temporary folder and on the loopback interface;
// it logs people in, revokes, kills, says what came back, and leaves nothing behind. The exit code is 1 if a step does
// not come out as it should.
//
//	go run ./e2e/cluster/demo -usher bin/usher
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// patience bounds the whole tour.
const patience = 3 * time.Minute

func main() {
	usher := flag.String("usher", "bin/usher", "the `program` to show")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx, os.Stdout, *usher)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run takes the tour with a program and leaves nothing behind.
func run(ctx context.Context, out io.Writer, program string) (err error) {
	if program, err = filepath.Abs(program); err != nil {
		return err
	}
	if _, err := os.Stat(program); err != nil {
		return fmt.Errorf("there is no usher to show: %w; make build builds it", err)
	}
	dir, err := os.MkdirTemp("", "usher-demo-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	d := &demo{out: out, dir: dir, program: program}
	defer func() { err = errors.Join(err, d.close()) }()
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := tour(bounded, d); err != nil {
		if ctx.Err() != nil {
			return errors.New("interrupted") // what failed did so for that reason
		}
		return d.withLogs(err)
	}
	fmt.Fprintln(out, "\nEvery step came out as it should.")
	return nil
}

// tour starts the servers and takes the steps.
func tour(ctx context.Context, d *demo) error {
	if err := d.start(ctx); err != nil {
		return err
	}
	for i, step := range []struct {
		title string
		run   func(*demo, context.Context) error
	}{
		{"Four ushers know each other", (*demo).stepStatus},
		{"A login at east: its other usher knows the session, and no usher of west", (*demo).stepLogin},
		{"A revocation at west is in force at east when the command returns", (*demo).stepRevoke},
		{"The primary of Redis is killed while people log in", (*demo).stepFailover},
		{"An usher is killed while people log in, and comes back", (*demo).stepKill},
		{"What Prometheus sees at a1", (*demo).stepMetrics},
	} {
		fmt.Fprintf(d.out, "\n%d. %s\n", i+1, step.title)
		if err := step.run(d, ctx); err != nil {
			return fmt.Errorf("step %d (%s) did not come out as it should: %w", i+1, step.title, err)
		}
	}
	return nil
}
