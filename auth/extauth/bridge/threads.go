package bridge

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const lookAgain = 100 * time.Microsecond

// handled waits until the runtime has seen every signal of caught that came
// before. First none is left that any thread may take; whichever thread took one
// was there then. Each thread gets a fence of its own: while a handler runs the
// others are blocked (Go's handlers block all), so that a thread which has taken
// its fence has done with what it took before. The error case is false: /proc
// cannot be read, or the time is over.
func handled(until time.Time) bool {
	var mask uint64
	for _, s := range caught() {
		mask |= bit(s.(syscall.Signal))
	}
	taken := func() (bool, error) {
		waiting, err := signalSet("/proc/self/status", "ShdPnd:")
		return waiting&mask == 0, err
	}
	if !eventually(until, taken) {
		return false
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return false
	}
	for _, thread := range threads {
		if id, err := strconv.Atoi(thread.Name()); err == nil {
			_ = unix.Tgkill(os.Getpid(), id, threadFence) // one that has ended has handled what it took
		}
	}
	for _, thread := range threads {
		passed := func() (bool, error) {
			waiting, err := signalSet("/proc/self/task/"+thread.Name()+"/status", "SigPnd:")
			if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
				return true, nil
			}
			return waiting&bit(threadFence) == 0, err
		}
		if !eventually(until, passed) {
			return false
		}
	}
	return true
}

func bit(s syscall.Signal) uint64 { return 1 << (s - 1) }

// eventually asks until the answer is yes, there is none, or the time is over.
func eventually(until time.Time, ask func() (bool, error)) bool {
	for {
		if yes, err := ask(); yes || err != nil {
			return err == nil
		}
		if time.Now().After(until) {
			return false
		}
		time.Sleep(lookAgain)
	}
}

var errNoSet = errors.New("no such set of signals")

// signalSet reads a set of signals out of a status file, proc_pid_status(5).
func signalSet(path, field string) (uint64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(text) {
		if value, found := bytes.CutPrefix(line, []byte(field)); found {
			return strconv.ParseUint(string(bytes.TrimSpace(value)), 16, 64)
		}
	}
	return 0, errNoSet
}
