package bridge

import (
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestHandledWaitsForEveryThread: the signals of a thread whose handler has not ended, here one that blocks them, are
// waited for, while the others have long passed.
func TestHandledWaitsForEveryThread(t *testing.T) {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, threadFence)
	defer signal.Stop(caught)
	blocked, goOn, free := make(chan bool), make(chan bool), make(chan bool)
	go func() {
		runtime.LockOSThread() // the thread ends with the goroutine
		all := unix.Sigset_t{}
		for i := range all.Val {
			all.Val[i] = ^all.Val[i]
		}
		var before unix.Sigset_t
		if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, &before); err != nil {
			t.Error(err)
		}
		close(blocked)
		<-goOn
		if err := unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil); err != nil {
			t.Error(err)
		}
		close(free)
		<-goOn
	}()
	<-blocked
	if handled(time.Now().Add(50 * time.Millisecond)) {
		t.Error("overtook a thread that has not handled its signals")
	}
	goOn <- true
	<-free
	if !handled(time.Now().Add(30 * time.Second)) {
		t.Error("every thread has handled its signals")
	}
	close(goOn)
}

func TestSignalSet(t *testing.T) {
	if got, err := signalSet("/proc/self/status", "SigIgn:"); err != nil || got&bit(syscall.SIGKILL) != 0 {
		t.Errorf("%x, %v", got, err)
	}
	if _, err := signalSet("/proc/self/status", "Nothing:"); err == nil {
		t.Error("a set that there is not")
	}
	if _, err := signalSet("/proc/self/nothing", "SigIgn:"); err == nil {
		t.Error("a file that there is not")
	}
}
