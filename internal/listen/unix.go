package listen

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"usher/internal/filelock"
	"usher/internal/permission"
	"usher/internal/text"
)

// errInUse means that another daemon answers on, or holds, the socket.
var errInUse = errors.New("in use by a running daemon")

// listenUnix binds a Unix socket of mode 0660. A lock beside it (PATH.lock) is held until release:
// two daemons that start at once would otherwise both find the stale socket of a dead one, and the
// slower would remove the socket of the faster.
func listenUnix(e Endpoint) (*Bound, error) {
	path := e.Address
	if err := ensureFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, err
	}
	l, info, err := bindUnix(path)
	if err != nil {
		unlockFile(lock)
		return nil, err
	}
	release := func() {
		if ownFile(path, info) {
			os.Remove(path)
		}
		unlockFile(lock)
	}
	return &Bound{Listener: l, release: release}, nil
}

// withRight says which right is missing for a socket, if that is what err is about.
func withRight(path string, err error) error {
	if !errors.Is(err, os.ErrPermission) {
		return err
	}
	b := permission.Find(path+".lock", permission.Read|permission.Write)
	if b == nil {
		b = permission.Find(filepath.Dir(path), permission.Write|permission.Enter)
	}
	if b == nil {
		return err
	}
	return fmt.Errorf("%w: %s; %s", err, b.Text(), b.Mend())
}

// ensureFolder makes the folder of a socket if it is one directly below /run, which is empty after
// each start of the machine and where systemd's RuntimeDirectory would make it. Elsewhere a folder
// that is not there is a mistake in the path: root would make it, and listen where Prosody does not look.
func ensureFolder(dir string) error {
	_, err := os.Stat(dir)
	switch {
	case !errors.Is(err, os.ErrNotExist):
		return err
	case belowRun(dir):
		err = os.Mkdir(dir, 0o750)
		if errors.Is(err, os.ErrPermission) {
			who := permission.Self()
			return fmt.Errorf("the folder %s is not there, and the user %s may not make it; usher.service does "+
				"(RuntimeDirectory=), or you — install -d -o %s -m 0750 %s", dir, who, who, text.Shell(dir))
		}
		return err
	}
	return fmt.Errorf("the folder %s does not exist; correct the path, or make it — "+
		"install -d -o usher -g usher -m 0750 %s", dir, text.Shell(dir))
}

func belowRun(dir string) bool {
	parent := filepath.Dir(dir)
	return dir != parent && (parent == "/run" || parent == "/var/run")
}

func bindUnix(path string) (net.Listener, os.FileInfo, error) {
	if err := removeStale(path); err != nil {
		return nil, nil, err
	}
	// The mask makes the mode right from the first moment; a chmod after bind would leave a gap to
	// connect in. It belongs to the whole process, which is why sockets are opened before any other
	// task runs.
	mask := unix.Umask(0o117)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	unix.Umask(mask)
	if err != nil {
		return nil, nil, err
	}
	l.SetUnlinkOnClose(false) // by name it would also remove somebody else's; see release
	info, err := os.Lstat(path)
	if err != nil {
		l.Close()
		return nil, nil, err
	}
	return l, info, nil
}

// removeStale removes the socket of a daemon that died, and nothing else.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != os.ModeSocket {
		return fmt.Errorf("%s exists and is not a socket; remove it or name another path", path)
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	switch {
	case err == nil:
		cred, err := peerCred(conn)
		conn.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", path, errInUse)
		}
		return fmt.Errorf("%s: %w%s", path, errInUse, named(int(cred.Pid)))
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	case errors.Is(err, syscall.EAGAIN): // alive, with a full queue of connections
		return fmt.Errorf("%s: %w", path, errInUse)
	}
	return fmt.Errorf("asking whether a daemon answers: %w", err)
}

// named follows a process that is told, if its number is known.
func named(pid int) string {
	if pid == 0 {
		return ""
	}
	return fmt.Sprintf(", process %d", pid)
}

// lockFile takes the lock at path, or says that it is taken. A holder removes its file before it lets go, so a lock
// on a file that is no longer at path counts for nothing and is tried again.
func lockFile(path string) (*os.File, error) {
	for {
		f, err := filelock.Take(path)
		if errors.Is(err, filelock.ErrHeld) {
			return nil, fmt.Errorf("%s: %w%s (it holds %s)", path[:len(path)-len(".lock")], errInUse,
				named(filelock.Holder(path)), path)
		}
		if err != nil {
			return nil, err
		}
		if info, err := f.Stat(); err == nil && ownFile(path, info) {
			return f, nil
		}
		f.Close()
	}
}

func unlockFile(f *os.File) {
	os.Remove(f.Name())
	f.Close()
}
