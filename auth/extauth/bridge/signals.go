package bridge

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// fence is a signal that only the process itself sends, and that the kernel
// and the runtime deliver after all the others below.
const fence = syscall.Signal(40)

// fenceTimeout is for a machine that is busy: an answer after it has no reader.
const fenceTimeout = maxAge

// ending returns the signals that end the process.
//
// SIGCONT does too: when the bridge was stopped and when it goes on, Prosody
// gets a SIGCHLD, which ends lpty's waiting for the answer at once. Nobody
// waits any more, and the answer would be the next user's.
func ending() []os.Signal {
	return []os.Signal{unix.SIGTERM, unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2, unix.SIGALRM, unix.SIGXCPU, unix.SIGCONT}
}

// signals are what the bridge does about signals. None ends it with another
// code than 0, but those that cannot be caught.
type signals struct{ passed chan struct{} }

// catchSignals ignores those of the terminal: their bytes may stand in a
// password. The others end the process.
func catchSignals() *signals {
	signal.Ignore(unix.SIGINT, unix.SIGQUIT, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGPIPE)
	s := &signals{passed: make(chan struct{}, 1)}
	caught := make(chan os.Signal, 16)
	signal.Notify(caught, append(ending(), fence)...)
	go s.handle(caught)
	return s
}

func (s *signals) handle(caught <-chan os.Signal) {
	for c := range caught {
		if c != fence {
			forget()
			os.Exit(0)
		}
		select {
		case s.passed <- struct{}{}:
		default:
		}
	}
}

// settled returns true when every signal that came before has been handled:
// after one that ends the process it does not return true. On one thread that
// is sure; a thread that has taken a signal and was not let run since may be
// overtaken by the fence on another. See [signals.settledEverywhere].
func (s *signals) settled() bool {
	if syscall.Kill(os.Getpid(), fence) != nil {
		return false
	}
	select {
	case <-s.passed:
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
