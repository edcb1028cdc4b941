package bridge

import (
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"usher/auth/extauth"
)

// These tests read as lpty does: a SIGCHLD ends its waiting for an answer, and the next query reads what is there then.
// Prosody asks whether the process lives, may see it alive, writes a query, and only then hears that it has ended.

// endingSignals are those that end the bridge, and can be caught.
var endingSignals = []syscall.Signal{
	syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM, syscall.SIGXCPU,
}

// TestNoQueryIsLeftToTheNextProcess: Prosody has seen the process alive, and writes after it was told to end. Were the
// query left in the terminal, the next process would answer it, while Prosody, which is slow after the fork, has yet to
// write the one that it then reads the answer for.
func TestNoQueryIsLeftToTheNextProcess(t *testing.T) {
	t.Parallel()
	path := serve(t, socketPath(t), &extauth.Server{Auth: &stub{}}).path
	for _, s := range endingSignals {
		x := openTerminal(t, path).ready()
		x.ask(good, "1\n")
		x.told(s)
		x.write(good + "\n") // the process ends in place of the answer, and with a SIGCHLD Prosody gives up
		x.ended()
		x.start()
		x.silent(500 * time.Millisecond) // Prosody is not let run after the fork
		x.ask(wrong, "0\n")
		x.ask(good, "1\n")
	}
}

// TestNoAnswerIsLeftUnread: the signal comes when the answer was written, and Prosody has not read it.
func TestNoAnswerIsLeftUnread(t *testing.T) {
	t.Parallel()
	x := openTerminal(t, serve(t, socketPath(t), &extauth.Server{Auth: &stub{}}).path).ready()
	x.write(good + "\n")
	x.unread()
	x.told(syscall.SIGTERM)
	x.alive() // no SIGCHLD: Prosody reads the answer
	if got := x.read(0); got != "1\n" {
		t.Fatalf("got %q", got)
	}
	x.write(wrong + "\n")
	x.ended()
	x.silent(100 * time.Millisecond)
}

// TestSignalWhileTheDaemonDecides: the end takes the place of the answer that is due.
func TestSignalWhileTheDaemonDecides(t *testing.T) {
	t.Parallel()
	s := &stub{}
	x := openTerminal(t, serve(t, socketPath(t), &extauth.Server{Auth: s}).path).ready()
	release := s.holdBack()
	x.write(good + "\n")
	time.Sleep(100 * time.Millisecond)
	x.told(syscall.SIGTERM)
	x.alive()
	release()
	x.ended()
	x.silent(50 * time.Millisecond)
	x.start()
	x.ask(good, "1\n")
}

// TestSignalAndTwoQueries: one of them waits, so it can end in place of the refusal.
func TestSignalAndTwoQueries(t *testing.T) {
	t.Parallel()
	x := openTerminal(t, serve(t, socketPath(t), &extauth.Server{Auth: &stub{}}).path).ready()
	x.told(syscall.SIGTERM)
	x.write(wrong + "\n" + good + "\n")
	x.ended()
	x.silent(50 * time.Millisecond)
	x.start()
	x.silent(300 * time.Millisecond)
	x.ask(good, "1\n")
}

// TestSignalThenTerminalCloses: nobody will ask any more.
func TestSignalThenTerminalCloses(t *testing.T) {
	t.Parallel()
	x := openTerminal(t, serve(t, socketPath(t), &extauth.Server{Auth: &stub{}}).path).ready()
	x.signal(syscall.SIGTERM)
	_ = x.master.Close()
	x.ended()
}

// TestStopAfterSignal: a query from before the stop has nobody who waits, so it is none to end in place of.
func TestStopAfterSignal(t *testing.T) {
	t.Parallel()
	x := openTerminal(t, serve(t, socketPath(t), &extauth.Server{Auth: &stub{}}).path).ready()
	x.told(syscall.SIGTERM)
	x.stop()
	x.write(good + "\n")
	x.resume()
	x.alive()
	x.write(good + "\n")
	x.ended()
	x.silent(50 * time.Millisecond)
}

// told sends a signal, and returns when the process has taken it and had time to do something about it.
func (x *terminal) told(s syscall.Signal) {
	x.t.Helper()
	x.signal(s)
	status := "/proc/" + strconv.Itoa(x.cmd.Process.Pid) + "/status"
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if waiting, err := signalSet(status, "ShdPnd:"); err != nil || waiting&bit(s) == 0 {
			time.Sleep(200 * time.Millisecond)
			return
		}
	}
	x.t.Fatalf("the bridge does not take %v", s)
}

// unread waits until there is something to read.
func (x *terminal) unread() {
	x.t.Helper()
	fds := []unix.PollFd{{Fd: int32(x.master.Fd()), Events: unix.POLLIN}}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		if n, err := unix.Poll(fds, 100); n == 1 && err == nil {
			return
		}
	}
	x.t.Fatal("no answer")
}

// resume has a stopped process go on, and returns when it has dropped what had come and waits again.
func (x *terminal) resume() {
	x.t.Helper()
	x.signal(syscall.SIGCONT)
	x.taken()
	x.waits()
}

// taken waits until nothing is left to read for the process.
func (x *terminal) taken() {
	x.t.Helper()
	f, err := os.OpenFile(x.slave, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		x.t.Fatal(err)
	}
	defer f.Close()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		fds := []unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLIN}}
		if n, err := unix.Poll(fds, 0); n == 0 && err == nil {
			return
		}
	}
	x.t.Fatal("process " + strconv.Itoa(x.cmd.Process.Pid) + " leaves what has come")
}
