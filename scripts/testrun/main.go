// Command testrun answers one question: what did all tests say, and what was not tested? It runs go test once for each
// list of arguments that follows "--", prints what failed as it comes, and at the end, once, what was skipped and why.
// It stops at the first run that fails. (gotestsum names each skipped test by itself, and knows one run only.)
//
//	go run ./scripts/testrun -- -timeout 10m ./auth/... -- -p 1 ./e2e/...
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// patience is how long go test may take to end after a signal, until it is killed.
const patience = 10 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ok := run(ctx, os.Stdout, "", split(os.Args[1:]))
	stop()
	if !ok {
		os.Exit(1)
	}
}

// split cuts a command line at each "--".
func split(args []string) (runs [][]string) {
	for _, arg := range args {
		switch {
		case arg == "--":
			runs = append(runs, nil)
		case len(runs) > 0:
			runs[len(runs)-1] = append(runs[len(runs)-1], arg)
		}
	}
	return runs
}

// run tells whether all tests of all runs passed or were skipped. The folder is where go test runs; "" is this one.
func run(ctx context.Context, out io.Writer, folder string, runs [][]string) bool {
	begun := time.Now()
	r := &report{out: out}
	for i, args := range runs {
		err := goTest(ctx, folder, args, r)
		if err == nil && len(r.failed) == 0 {
			continue
		}
		if err != nil && len(r.failed) == 0 {
			r.failed = append(r.failed, fmt.Sprintf("go test: %v", err))
		}
		if left := len(runs) - i - 1; left > 0 {
			r.left = fmt.Sprintf("not run for that reason: %d of %d runs of go test", left, len(runs))
		}
		break
	}
	r.close(time.Since(begun))
	return len(r.failed) == 0 && len(runs) > 0
}

// goTest runs go test and reads what it says.
func goTest(ctx context.Context, folder string, args []string, r *report) error {
	first := []string{"test"}
	if len(args) > 1 && args[0] == "-C" { // the folder of another module: it stands before all else
		first, args = append(first, args[:2]...), args[2:]
	}
	cmd := exec.CommandContext(ctx, "go", slices.Concat(first, []string{"-count=1", "-json"}, args)...)
	cmd.Dir, cmd.Stderr = folder, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = patience
	events, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	if err := r.read(events); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return err
	}
	return cmd.Wait()
}
