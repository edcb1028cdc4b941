package systemd

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// slowness is how long a message lies before it is read.
const slowness = 3 * time.Millisecond

// A Manager is the stand-in. It must be closed.
type Manager struct {
	path   string
	socket int
	wake   [2]int // a pipe that ends the reading, or begins it anew
	done   chan struct{}

	mu     sync.Mutex
	most   int
	main   int // process id of the service; 0: none yet
	kept   []kept
	said   []string
	closed bool
	frozen bool
}

// kept is a copy in the store.
type kept struct {
	name string
	fd   int
}

// New opens the notify socket in a folder, for a service with FileDescriptorStoreMax=most.
func New(folder string, most int) (*Manager, error) {
	m := &Manager{path: filepath.Join(folder, "notify"), most: most, done: make(chan struct{})}
	var err error
	if m.socket, err = unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0); err != nil {
		return nil, err
	}
	if err := unix.Bind(m.socket, &unix.SockaddrUnix{Name: m.path}); err != nil {
		return nil, err
	}
	if err := unix.SetsockoptInt(m.socket, unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
		return nil, err
	}
	if err := unix.Pipe2(m.wake[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, err
	}
	go m.run()
	return m, nil
}

// Close closes the store and the notify socket.
func (m *Manager) Close() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.look()
	<-m.done
	m.Empty()
	for _, fd := range []int{m.socket, m.wake[0], m.wake[1]} {
		_ = unix.Close(fd)
	}
}

// Path is that of the notify socket.
func (m *Manager) Path() string { return m.path }

// Starting has messages wait until [Manager.Started]: systemd knows the service's process before that can say
// anything.
func (m *Manager) Starting() { m.Started(0) }

// Started says which process is the service's.
func (m *Manager) Started(pid int) {
	m.mu.Lock()
	m.main = pid
	m.mu.Unlock()
	m.look()
}

// Freeze has no message read until it is called again with false.
func (m *Manager) Freeze(frozen bool) {
	m.mu.Lock()
	m.frozen = frozen
	m.mu.Unlock()
	m.look()
}

// Kept returns the names of what the store has.
func (m *Manager) Kept() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var names []string
	for _, k := range m.kept {
		names = append(names, k.name)
	}
	return names
}

// Said returns the messages that were taken, without descriptors.
func (m *Manager) Said() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.said)
}

// Empty closes the store, as systemd does when a service is stopped and not started, or has failed for good.
func (m *Manager) Empty() {
	m.remove(func(kept) bool { return true })
	m.look() // what is being watched is not closed before
}

// Passed returns what a start passes besides sockets: a name for each file, which the caller closes.
func (m *Manager) Passed() (names []string, files []*os.File, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	order := slices.Clone(m.kept)
	rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	for _, k := range order {
		fd, err := unix.FcntlInt(uintptr(k.fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return nil, nil, err
		}
		names, files = append(names, k.name), append(files, os.NewFile(uintptr(fd), k.name))
	}
	return names, files, nil
}

func (m *Manager) look() { _, _ = unix.Write(m.wake[1], []byte{0}) }

// run takes messages, and closes copies whose other side is gone.
func (m *Manager) run() {
	defer close(m.done)
	for {
		m.mu.Lock()
		if m.closed {
			m.mu.Unlock()
			return
		}
		watched := []unix.PollFd{{Fd: int32(m.wake[0]), Events: unix.POLLIN}, {Fd: int32(m.socket), Events: unix.POLLIN}}
		if m.frozen || m.main == 0 {
			watched[1].Events = 0
		}
		for _, k := range m.kept {
			watched = append(watched, unix.PollFd{Fd: int32(k.fd)}) // hang-ups are told unasked
		}
		m.mu.Unlock()
		if _, err := unix.Poll(watched, -1); err != nil && err != unix.EINTR {
			return
		}
		if watched[0].Revents != 0 {
			_, _ = unix.Read(m.wake[0], make([]byte, 64))
		}
		for _, w := range watched[2:] {
			if w.Revents&(unix.POLLHUP|unix.POLLERR) != 0 {
				m.remove(func(k kept) bool { return k.fd == int(w.Fd) })
			}
		}
		if watched[1].Revents&unix.POLLIN != 0 {
			time.Sleep(slowness)
			m.receive()
		}
	}
}

// receive takes one message.
func (m *Manager) receive() {
	text, control := make([]byte, 4096), make([]byte, 4096)
	n, c, _, _, err := unix.Recvmsg(m.socket, text, control, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return
	}
	fds, pid := parse(control[:c])
	lines := strings.Split(string(text[:n]), "\n")
	if !slices.Equal(lines, []string{"BARRIER=1"}) {
		fds = m.take(lines, fds, pid)
	}
	for _, fd := range fds {
		_ = unix.Close(fd)
	}
}

// take does what a message says, and returns the descriptors that are not kept.
func (m *Manager) take(lines []string, fds []int, pid int) []int {
	m.mu.Lock()
	main := m.main
	m.mu.Unlock()
	if pid != main || unix.Kill(pid, 0) != nil || ended(pid) {
		return fds
	}
	name := ""
	for _, line := range lines {
		if rest, ok := strings.CutPrefix(line, "FDNAME="); ok {
			name = rest
		}
	}
	if slices.Contains(lines, "FDSTOREREMOVE=1") {
		m.remove(func(k kept) bool { return k.name == name })
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.said = append(m.said, strings.Join(lines, "\n"))
	if slices.Contains(lines, "FDSTORE=1") {
		for len(fds) > 0 && len(m.kept) < m.most && !m.hasLocked(fds[0]) {
			m.kept = append(m.kept, kept{name, fds[0]})
			fds = fds[1:]
		}
	}
	return fds
}

// hasLocked reports whether a descriptor is of a socket that the store has already.
func (m *Manager) hasLocked(fd int) bool {
	var own unix.Stat_t
	if unix.Fstat(fd, &own) != nil {
		return false
	}
	return slices.ContainsFunc(m.kept, func(k kept) bool {
		var st unix.Stat_t
		return unix.Fstat(k.fd, &st) == nil && st.Dev == own.Dev && st.Ino == own.Ino
	})
}

// ended reports whether a process is a zombie, of which systemd cannot tell the unit any more.
func ended(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	_, state, _ := strings.Cut(string(stat), ") ")
	return err != nil || strings.HasPrefix(state, "Z")
}

// remove closes copies.
func (m *Manager) remove(which func(kept) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept = slices.DeleteFunc(m.kept, func(k kept) bool {
		if !which(k) {
			return false
		}
		_ = unix.Close(k.fd)
		return true
	})
}

// parse returns the descriptors and the sender of a message.
func parse(control []byte) (fds []int, pid int) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return nil, 0
	}
	for _, c := range messages {
		if rights, err := unix.ParseUnixRights(&c); err == nil {
			fds = append(fds, rights...)
		}
		if cred, err := unix.ParseUnixCredentials(&c); err == nil {
			pid = int(cred.Pid)
		}
	}
	return fds, pid
}
