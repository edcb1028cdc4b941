package bridge

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// waitFor is poll(2), but for one thing: it fails when the process was
// stopped and went on meanwhile. epoll_wait does, where poll starts again
// (signal(7), "Interruption of system calls by stop signals"). So it does for
// every signal that has a handler; SIGURG is one that Go's runtime sends to its
// own threads at any moment. Once all signals that came are settled, a stop
// among them would have ended the process: then it was none, and the wait was
// only short. Descriptors below 0 are ignored.
func waitFor(fds []unix.PollFd, milliseconds int, settled func() bool) error {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(ep)
	for _, f := range fds {
		if f.Fd < 0 {
			continue
		}
		event := unix.EpollEvent{Events: uint32(f.Events)} // the bits are the same
		err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, int(f.Fd), &event)
		if errors.Is(err, syscall.EPERM) { // a file: it is always ready
			milliseconds = 0
		} else if err != nil {
			return err
		}
	}
	_, err = unix.EpollWait(ep, make([]unix.EpollEvent, len(fds)), milliseconds)
	if err != nil && (!errors.Is(err, syscall.EINTR) || !settled()) {
		return err
	}
	_, err = unix.Poll(fds, 0) // tells what is ready, and does not wait
	return err
}
