package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// A demoChild is the demo's daemon, a process of its own as under systemd.
type demoChild struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended, after err is set
	err  error
}

// startChild runs a program with its standard error in a file.
func startChild(log, program string, args ...string) (*demoChild, error) {
	f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log: %w", err)
	}
	defer f.Close() // the child has its own
	c := &demoChild{cmd: exec.Command(program, args...), done: make(chan struct{})}
	c.cmd.Stderr = f
	// A group of its own, as Ctrl-C is for the demo, which then stops the child; and no life without the demo, not even
	// after kill -9.
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go c.own(started)
	return c, <-started
}

// own starts the child and waits for it on one thread: the kernel sends the
// parent-death signal when the thread that started the child ends.
func (c *demoChild) own(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(c.done)
	err := c.cmd.Start()
	started <- err
	if err == nil {
		c.err = c.cmd.Wait()
	}
}

// stop returns when the child is gone, and how it ended.
func (c *demoChild) stop() error {
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // an error means that it has ended
	late := time.NewTimer(2 * stopWithin)
	defer late.Stop()
	select {
	case <-c.done:
	case <-late.C:
		_ = c.cmd.Process.Kill()
		<-c.done
		return errors.New("usher did not stop and was killed")
	}
	if c.err != nil {
		return fmt.Errorf("usher ended badly: %w", c.err)
	}
	return nil
}
