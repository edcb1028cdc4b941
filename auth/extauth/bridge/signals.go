package bridge

import (
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// fence is a signal that only the process itself sends, and that the kernel
// and the runtime deliver after all the others below. threadFence is for single
// threads; whoever waits for the fence must not take that for it.
const (
	fence       = syscall.Signal(40)
	threadFence = syscall.Signal(41)
)

// fenceTimeout is for a machine that is busy: an answer after it has no reader.
const fenceTimeout = maxAge

// caught returns the signals that the bridge does something about.
//
// SIGCONT is among them: when the bridge was stopped and when it goes on, Prosody
// gets a SIGCHLD, which ends lpty's waiting for the answer at once. Nobody
// waits any more, and the answer would be the next user's.
func caught() []os.Signal {
	return []os.Signal{
		unix.SIGTERM, unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2, unix.SIGALRM, unix.SIGXCPU, unix.SIGCONT,
	}
}

// signals are what the bridge does about signals. None ends it with another
// code than 0, but those that cannot be caught.
type signals struct {
	terminal bool
	passed   chan struct{} // a fence has
	awaited  bool          // a fence that was sent has not passed; of the goroutine that asks

	ending  atomic.Bool // one has come that ends the process
	resumed atomic.Bool // the process was stopped, and goes on
}

// catchSignals ignores those of the terminal: their bytes may stand in a
// password. The others end the process: with pipes at once, on a terminal in
// place of the next answer, see [bridge.answer]. They are ignored last, so that
// who sees them ignored knows that the others are caught.
func catchSignals(terminal bool) *signals {
	s := &signals{terminal: terminal, passed: make(chan struct{}, 1)}
	come := make(chan os.Signal, 256) // the runtime drops what does not fit
	signal.Notify(come, append(caught(), fence, threadFence)...)
	go s.handle(come)
	signal.Ignore(unix.SIGINT, unix.SIGQUIT, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGPIPE)
	return s
}

func (s *signals) handle(come <-chan os.Signal) {
	for c := range come {
		switch {
		case c == threadFence:
		case c == fence:
			select {
			case s.passed <- struct{}{}:
			default:
			}
		case !s.terminal:
			os.Exit(0)
		case c == unix.SIGCONT:
			s.resumed.Store(true)
		default:
			s.ending.Store(true)
		}
	}
}

// settled returns true when every signal that came before has been handled, and
// the process was not stopped since [bridge.startOver]. On one thread that is
// sure; a thread that has taken a signal and was not let run since may be
// overtaken by the fence on another. See [signals.settledEverywhere].
func (s *signals) settled() bool {
	if s.awaited && !s.await() {
		return false
	}
	if syscall.Kill(os.Getpid(), fence) != nil {
		return false
	}
	s.awaited = true
	return s.await() && !s.resumed.Load()
}

// await reports whether the fence has passed in time.
func (s *signals) await() bool {
	select {
	case <-s.passed:
		s.awaited = false
		return true
	case <-time.After(fenceTimeout):
		return false
	}
}

// settledEverywhere is settled where there is reason to think that the process
// was stopped: it waits for the signals that a thread has taken and not handled.
// It costs a signal for each thread and some files of /proc.
func (s *signals) settledEverywhere() bool {
	return handled(time.Now().Add(fenceTimeout)) && s.settled()
}

// forget drops what waits on the terminal, if standard input is one: the next
// process must not answer what this one did not.
func forget() { _ = unix.IoctlSetInt(0, unix.TCFLSH, unix.TCIFLUSH) }
