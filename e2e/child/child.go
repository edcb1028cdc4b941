// Package child starts programs that do not outlive this one: the servers of the end-to-end tests and of the demo.
package child

import (
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// A Process is a child that was started.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed after err is set
	err  error
}

// Start starts cmd in a process group of its own, so that the Ctrl-C meant for this program does not end it before Stop
// does. The kernel kills it when this program dies without a Stop.
func Start(cmd *exec.Cmd) (*Process, error) { return start(cmd, attributes()) }

// StartAs is Start as another user, who is in the group of the same number and in no other.
func StartAs(cmd *exec.Cmd, uid int) (*Process, error) {
	a := attributes()
	a.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}
	return start(cmd, a)
}

func start(cmd *exec.Cmd, a *syscall.SysProcAttr) (*Process, error) {
	cmd.SysProcAttr = a
	p := &Process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go p.own(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", cmd.Path, err)
	}
	return p, nil
}

// own starts the child and waits for it on one thread: the kernel sends the parent-death signal when the thread that
// started the child ends, and the Go runtime may end any thread that no goroutine is locked to.
func (p *Process) own(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	err := p.cmd.Start()
	started <- err
	if err == nil {
		p.err = p.cmd.Wait()
	}
}

// PID returns the child's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the child has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err tells how the child has ended, once Done is closed: nil for exit code 0.
func (p *Process) Err() error { return p.err }

// Signal sends a signal, through os.Process, which never signals an id that was given to another process.
func (p *Process) Signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

// Suspend sends SIGSTOP and returns when the child stands still, until it is sent SIGCONT.
func (p *Process) Suspend() error { return Suspend(p.PID()) }

// Kill ends the child at once, stopped or not. Killing what has ended is fine.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// Stop asks the child to end and returns when it is gone. The error says that it had to be killed.
func (p *Process) Stop(grace time.Duration) error {
	_ = p.Signal(syscall.SIGTERM) // an error means that it has ended
	select {
	case <-p.done:
		return nil
	case <-time.After(grace):
	}
	p.Kill()
	return fmt.Errorf("%s did not stop within %s and was killed", p.cmd.Path, grace)
}
