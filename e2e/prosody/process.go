package prosody

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// grace is how long Prosody has to end after SIGTERM. It usually takes milliseconds; it takes forever when it is
// waiting for an authentication server that does not answer.
const grace = 5 * time.Second

// process is a child that does not outlive this program.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed after err is set
	err  error
}

func spawn(launcher string, config Config) (*process, error) {
	// Prosody says on its standard output what it cannot log: a configuration it cannot read, for instance.
	out, err := os.OpenFile(config.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening prosody's log: %w", err)
	}
	defer out.Close()
	cmd := exec.Command(launcher, "-F", "--config", config.configFile())
	cmd.Dir, cmd.Stdout, cmd.Stderr = config.Dir, out, out
	cmd.SysProcAttr = childAttr()
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go p.own(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting prosody: %w", err)
	}
	return p, nil
}

// own starts the child and waits for it on one thread: the kernel sends the parent-death signal when the thread that
// started the child ends, and the Go runtime may end any thread that no goroutine is locked to.
func (p *process) own(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	err := p.cmd.Start()
	started <- err
	if err == nil {
		p.err = p.cmd.Wait()
	}
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// stop returns when the child is gone. The signals go through os.Process, which never signals an id that has been
// given to another process.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // an error means that it has ended
	select {
	case <-p.done:
		return nil
	case <-time.After(grace):
	}
	_ = p.cmd.Process.Kill()
	<-p.done
	return fmt.Errorf("prosody did not stop within %s and was killed", grace)
}
