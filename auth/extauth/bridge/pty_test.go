package bridge

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"usher/auth"
	"usher/auth/extauth"
)

const (
	host  = "meet.example.com"
	good  = "auth:alice:" + host + ":ok-alice"
	wrong = "auth:alice:" + host + ":nope"
)

// TestMain is also the bridge itself, for the processes of these tests.
func TestMain(m *testing.M) {
	if socket := os.Getenv("BRIDGE_TEST_SOCKET"); socket != "" {
		framing, _ := strconv.Atoi(os.Getenv("BRIDGE_TEST_FRAMING"))
		up, err := time.ParseDuration(os.Getenv("BRIDGE_TEST_UP"))
		if err != nil {
			up = maxAge // a busy machine is no daemon that is away
		}
		run(Options{Socket: socket, Framing: extauth.Framing(framing)}, up)
		return
	}
	os.Exit(m.Run())
}

const raceExit = "GORACE=atexit_sleep_ms=0" // a race detector's process ends at once

// A terminal is a pseudo-terminal as lpty makes it, and the process on it.
type terminal struct {
	t      *testing.T
	socket string
	master *os.File
	slave  string
	handed []*os.File // what the process inherits besides
	env    []string   // of the process, besides

	cmd  *exec.Cmd
	done chan error
}

func openTerminal(t *testing.T, socket string) *terminal {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	x := &terminal{t: t, socket: socket, master: os.NewFile(uintptr(fd), "ptmx"), slave: "/dev/pts/" + strconv.Itoa(n)}
	keep, err := os.OpenFile(x.slave, os.O_RDWR|unix.O_NOCTTY, 0) // the terminal lives on between two processes, as with lpty
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.kill(); _ = keep.Close(); _ = x.master.Close() })
	return x
}

// noEcho is what lpty's child does after the fork: ECHO and ICANON go, the
// rest stays.
func (x *terminal) noEcho() {
	x.t.Helper()
	f, err := os.OpenFile(x.slave, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		x.t.Fatal(err)
	}
	defer f.Close()
	t, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		x.t.Fatal(err)
	}
	t.Lflag &^= unix.ECHO | unix.ICANON
	if err := unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, t); err != nil {
		x.t.Fatal(err)
	}
}

// start starts the bridge, with the terminal as standard error too.
func (x *terminal) start() {
	x.t.Helper()
	f, err := os.OpenFile(x.slave, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		x.t.Fatal(err)
	}
	defer f.Close()
	x.cmd = exec.Command(os.Args[0])
	x.cmd.Env = append(append(os.Environ(), "BRIDGE_TEST_SOCKET="+x.socket, raceExit), x.env...)
	x.cmd.Stdin, x.cmd.Stdout, x.cmd.Stderr = f, f, f
	x.cmd.ExtraFiles = x.handed
	x.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	if err := x.cmd.Start(); err != nil {
		x.t.Fatal(err)
	}
	x.done = make(chan error, 1)
	go func(cmd *exec.Cmd, done chan<- error) { done <- cmd.Wait() }(x.cmd, x.done)
}

// ready starts the bridge and waits until the terminal is raw.
func (x *terminal) ready() *terminal {
	x.t.Helper()
	x.noEcho()
	x.start()
	x.waitRaw()
	return x
}

func (x *terminal) waitRaw() {
	x.t.Helper()
	f, err := os.OpenFile(x.slave, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		x.t.Fatal(err)
	}
	defer f.Close()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if t, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS); err == nil && isRaw(t) {
			return
		}
	}
	x.t.Fatal("the terminal does not become raw")
}

func (x *terminal) write(text string) {
	x.t.Helper()
	if _, err := x.master.WriteString(text); err != nil {
		x.t.Fatal(err)
	}
}

// read returns what comes within a time, as lpty does: all that is there.
func (x *terminal) read(most time.Duration) string {
	x.t.Helper()
	fds := []unix.PollFd{{Fd: int32(x.master.Fd()), Events: unix.POLLIN}}
	for end := time.Now().Add(most); ; {
		n, err := unix.Poll(fds, int(max(0, time.Until(end).Milliseconds())))
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if n == 0 || err != nil {
			return ""
		}
		buf := make([]byte, 4096)
		if n, _ = unix.Read(int(x.master.Fd()), buf); n < 0 {
			n = 0
		}
		return string(buf[:n])
	}
}

// readLine reads up to the end of a line, which may come in pieces.
func (x *terminal) readLine() (line string) {
	x.t.Helper()
	for !strings.HasSuffix(line, "\n") {
		more := x.read(5 * time.Second)
		if more == "" {
			break
		}
		line += more
	}
	return line
}

func (x *terminal) ask(query, want string) {
	x.t.Helper()
	x.write(query + "\n")
	if got := x.read(5 * time.Second); got != want {
		x.t.Fatalf("%.40q: got %q, want %q", query, got, want)
	}
}

// askUntil asks until the answer is this, and takes a few refusals before: on a loaded machine the daemon may not answer
// within the bridge's patience.
func (x *terminal) askUntil(query, want string) {
	x.t.Helper()
	for range 5 {
		x.write(query + "\n")
		switch got := x.read(5 * time.Second); got {
		case want:
			return
		case "0\n":
		default:
			x.t.Fatalf("%.40q: got %q, want %q", query, got, want)
		}
	}
	x.t.Fatalf("%.40q: refused, want %q", query, want)
}

// askAnew is ask after a suspension: where the bridge learns of it late, as on a loaded machine, it drops one more query
// without a word, as it may.
func (x *terminal) askAnew(query, want string) {
	x.t.Helper()
	x.write(query + "\n")
	switch got := x.read(5 * time.Second); got {
	case want:
	case "":
		x.ask(query, want)
	default:
		x.t.Fatalf("%.40q: got %q, want %q", query, got, want)
	}
}

// silent wants no byte for a while.
func (x *terminal) silent(d time.Duration) {
	x.t.Helper()
	if got := x.read(d); got != "" {
		x.t.Fatalf("got %q, and nobody asked", got)
	}
}

func (x *terminal) signal(s syscall.Signal) {
	x.t.Helper()
	if err := x.cmd.Process.Signal(s); err != nil {
		x.t.Fatal(err)
	}
}

// preempt sends each thread the signal by which Go's runtime has it give way.
func (x *terminal) preempt() {
	x.t.Helper()
	pid := x.cmd.Process.Pid
	threads, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/task")
	if err != nil {
		x.t.Fatal(err)
	}
	for _, thread := range threads {
		if id, err := strconv.Atoi(thread.Name()); err == nil {
			_ = unix.Tgkill(pid, id, syscall.SIGURG) // one that has ended needs none
		}
	}
}

// waits returns when the bridge waits for a query: the kernel tells a process's system calls and their arguments.
func (x *terminal) waits() {
	x.t.Helper()
	forTwo := " 0x2 0x1f4 " // descriptors, and the milliseconds of a tick
	for range 2000 {
		calls, err := filepath.Glob("/proc/" + strconv.Itoa(x.cmd.Process.Pid) + "/task/*/syscall")
		if err != nil {
			x.t.Fatal(err)
		}
		for _, file := range calls {
			text, err := os.ReadFile(file)
			if errors.Is(err, os.ErrPermission) {
				time.Sleep(200 * time.Millisecond) // a guess has to do
				return
			}
			if strings.Contains(string(text), forTwo) {
				return
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	x.t.Fatal("the bridge does not wait")
}

// stop stops the process, and returns when it has stopped: a SIGCONT before that would take the SIGSTOP back, and
// nobody would have been told of anything.
func (x *terminal) stop() {
	x.t.Helper()
	x.signal(syscall.SIGSTOP)
	for range 2000 {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(x.cmd.Process.Pid) + "/stat")
		if err != nil {
			x.t.Fatal(err)
		}
		if _, state, _ := strings.Cut(string(stat), ") "); strings.HasPrefix(state, "T") {
			return
		}
		time.Sleep(100 * time.Microsecond)
	}
	x.t.Fatal("the bridge does not stop")
}

// ended wants the process to end with the code 0.
func (x *terminal) ended() {
	x.t.Helper()
	select {
	case err := <-x.done:
		x.done <- err
		if err != nil {
			x.t.Fatalf("ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		x.t.Fatal("does not end")
	}
}

func (x *terminal) alive() {
	x.t.Helper()
	select {
	case err := <-x.done:
		x.done <- err
		x.t.Fatalf("ended with %v", err)
	default:
	}
}

func (x *terminal) kill() {
	if x.cmd != nil {
		_ = x.cmd.Process.Kill()
		<-x.done
	}
}

// stub lets "ok-<name>" in as name.
type stub struct {
	mu   sync.Mutex
	hold chan bool // a login waits for it
}

func (s *stub) Authenticate(_ context.Context, c auth.Credentials) (auth.Identity, error) {
	s.mu.Lock()
	hold := s.hold
	s.mu.Unlock()
	if hold != nil {
		<-hold
	}
	if c.Problem == nil && c.Token == "ok-"+c.Name {
		return auth.Identity{Host: c.Host, Account: c.Name}, nil
	}
	return auth.Identity{}, auth.Refuse(auth.ReasonBadSignature, "as asked")
}

func (s *stub) Exists(_ context.Context, h, name string) (bool, error) {
	return h == host && name == "alice", nil
}

func (s *stub) holdBack() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hold := make(chan bool)
	s.hold = hold
	return func() {
		s.mu.Lock()
		s.hold = nil
		s.mu.Unlock()
		close(hold)
	}
}

// A socket is the daemon's: the real server, or one that was scripted.
type socket struct {
	path string
	stop func()
}

func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "bridge") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

func listen(t *testing.T, path string) net.Listener {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func serve(t *testing.T, path string, s *extauth.Server) *socket {
	t.Helper()
	l := listen(t, path)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(stop)
	return &socket{path, stop}
}
