// Command demo answers one question: does the main job work on this machine? It
// starts a Prosody and an usher in a temporary folder and on loopback ports, logs
// real users in with real tokens, says what came back, and leaves nothing behind.
// The exit code is 1 if a step does not come out as it should.
//
//	go run ./e2e/demo -usher bin/usher [-all] [-keep]
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
	"slices"
	"syscall"
	"time"
)

// patience bounds the whole tour.
const patience = 3 * time.Minute

func main() {
	usher := flag.String("usher", "bin/usher", "the `program` to show")
	all := flag.Bool("all", false, "also the steps that want a browser and ejabberd")
	keep := flag.Bool("keep", false, "stay up after the tour, until Ctrl-C")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx, os.Stdout, *usher, *all, *keep)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run takes the tour with a program and leaves nothing behind.
func run(ctx context.Context, out io.Writer, program string, all, keep bool) (err error) {
	if program, err = filepath.Abs(program); err != nil {
		return err
	}
	if _, err := os.Stat(program); err != nil {
		return fmt.Errorf("there is no usher to show: %w; make build builds it", err)
	}
	d, err := newDemo(out, program)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := tour(bounded, d, all); err != nil {
		if ctx.Err() != nil {
			return errors.New("interrupted") // what failed did so for that reason
		}
		return d.withLogs(err)
	}
	d.sayWhatIsLeftOut(all)
	fmt.Fprintln(out, "\nEvery step came out as it should.")
	if keep {
		d.sayHowToPlay()
		<-ctx.Done()
	}
	return nil
}

// tour starts the servers and takes the steps.
func tour(ctx context.Context, d *demoWorld, all bool) error {
	if err := d.start(ctx); err != nil {
		return err
	}
	for i, step := range steps(all) {
		fmt.Fprintf(d.out, "\n%d. %s\n", i+1, step.title)
		if err := step.run(ctx, d); err != nil {
			return fmt.Errorf("step %d (%s) did not come out as it should: %w", i+1, step.title, err)
		}
	}
	return nil
}

// A demoStep is one part of the tour. It fails unless what comes back is what
// an operator relies on.
type demoStep struct {
	title string
	run   func(context.Context, *demoWorld) error
	more  bool // it wants more than Prosody
}

// steps returns the main steps, or all.
func steps(all bool) []demoStep {
	return slices.DeleteFunc([]demoStep{
		{"A login with a token, through Prosody's own mod_auth_dovecot", stepLogin, false},
		{"Logins that are refused, and what the client is told", stepRefusals, false},
		{"The same token by OAUTHBEARER (RFC 7628)", stepBearer, false},
		{"A secret is rotated while people log in; Prosody is not touched", stepRotate, false},
		{"Rooms: who is what, in which order they come", stepRooms, false},
		{"A session is revoked", stepRevoke, false},
		{"A lobby: a guest waits, a moderator is told, an operator lets the guest in", stepLobby, false},
		{"Jitsi's links, in a real browser, on an unchanged Prosody", stepLinks, true},
		{"A ticket: a short password for one login, for doors that take no token", stepTicket, false},
		{"ejabberd, by its external authentication and usher extauth", stepEjabberd, true},
		{"Why was that token refused? usher token explain", stepExplain, false},
		{"What Prometheus sees", stepMetrics, false},
	}, func(s demoStep) bool { return s.more && !all })
}

// leaveOut says that a step's part of the machine is missing, and keeps the reason for the end.
func (d *demoWorld) leaveOut(what string, reason error) {
	d.leftOut = append(d.leftOut, fmt.Sprintf("%s: %v", what, reason))
	fmt.Fprintln(d.out, "   left out, for a reason that stands at the end")
}

// sayWhatIsLeftOut names each step that was not taken, with the reason and what to do.
func (d *demoWorld) sayWhatIsLeftOut(all bool) {
	if !all {
		fmt.Fprintln(d.out, "\nmake demo ALL=1 also opens Jitsi's links in a real browser, and logs in to ejabberd.")
	}
	for _, line := range d.leftOut {
		fmt.Fprintln(d.out, "\nleft out:", line)
	}
}

// tail returns the last lines of a log.
func tail(log string) string {
	const most = 3000
	if len(log) > most {
		log = "…" + log[len(log)-most:]
	}
	return log
}
