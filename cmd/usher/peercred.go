package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// peerListener accepts only connections from processes of certain users. The mode of a Unix socket keeps most others
// away already; the kernel's word on the peer's user also holds after somebody changed the mode or the group.
type peerListener struct {
	net.Listener
	allowed map[uint32]bool
	log     *slog.Logger

	mu     sync.Mutex
	logged time.Time
	silent int
}

// restrictPeers lets root, our own user and the given user IDs connect to l. A TCP listener is returned as it is:
// there is nobody to ask.
func restrictPeers(l net.Listener, uids []int, log *slog.Logger) net.Listener {
	if l.Addr().Network() != "unix" {
		return l
	}
	allowed := map[uint32]bool{0: true, uint32(os.Geteuid()): true}
	for _, uid := range uids {
		allowed[uint32(uid)] = true
	}
	return &peerListener{Listener: l, allowed: allowed, log: log}
}

// Accept returns the next connection of an allowed peer and closes all others.
func (l *peerListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		uid, err := peerUID(conn)
		if err == nil && l.allowed[uid] {
			return conn, nil
		}
		conn.Close()
		l.refused(uid, err)
	}
}

// refused logs at most one line a second: a peer that is not let in must not fill the disk.
func (l *peerListener) refused(uid uint32, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); now.Sub(l.logged) < time.Second {
		l.silent++
		return
	} else {
		l.logged = now
	}
	attrs := []any{"socket", l.Addr().String(), "uid", uid, "not_logged", l.silent}
	if err != nil {
		attrs = append(attrs, "error", err)
	}
	l.silent = 0
	l.log.Warn("closed a connection of a user who is not allowed here (see peers in the configuration)", attrs...)
}

// peerUID asks the kernel for the user of the process that connected.
func peerUID(conn net.Conn) (uint32, error) {
	uc, ok := conn.(*net.UnixConn)
	if !ok {
		return 0, errors.New("not a Unix socket")
	}
	raw, err := uc.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *unix.Ucred
	var credErr error
	err = raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err = errors.Join(err, credErr); err != nil {
		return 0, fmt.Errorf("asking for the peer's user: %w", err)
	}
	return cred.Uid, nil
}
