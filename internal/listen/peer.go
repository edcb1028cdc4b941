package listen

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// A Peer is a network address or a user of this machine, whose connections are counted
// together.
type Peer struct {
	Network netip.Prefix // of TCP, see [NetworkOf]
	UID     uint32       // of a Unix socket; then Network is the zero value
}

// String is the peer for a log line.
func (p Peer) String() string {
	if p.Network.IsValid() {
		return p.Network.String()
	}
	return fmt.Sprint("uid ", p.UID)
}

// loopback is one peer: any program here may connect from any of its addresses.
var loopback = netip.PrefixFrom(netip.AddrFrom4([4]byte{127}), 8)

// NetworkOf returns what counts as one address: of IPv6 the network of a
// customer (/64), of IPv4 the address, and all of loopback together. It is the zero
// value for the zero address.
func NetworkOf(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	switch {
	case a.IsLoopback():
		return loopback
	case a.Is6():
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return p
}

// peerOf finds out who connects. The mode of a Unix socket keeps most users away
// already; the kernel's word on the peer's user holds also if the mode or the group
// was changed.
func peerOf(conn net.Conn) (Peer, error) {
	switch a := conn.RemoteAddr().(type) {
	case *net.TCPAddr:
		return Peer{Network: NetworkOf(a.AddrPort().Addr())}, nil
	case *net.UnixAddr:
		uid, err := peerUID(conn)
		return Peer{UID: uid}, err
	}
	return Peer{}, errors.New("neither a TCP nor a Unix socket")
}

// peerUID asks the kernel for the user of the process that connected.
func peerUID(conn net.Conn) (uint32, error) {
	cred, err := peerCred(conn)
	if err != nil {
		return 0, err
	}
	return cred.Uid, nil
}

// peerCred asks the kernel for the process at the other end: who connected, or, where we did, who listens.
func peerCred(conn net.Conn) (*unix.Ucred, error) {
	if t, ok := conn.(takenOver); ok {
		conn = t.Conn
	}
	uc, ok := conn.(*net.UnixConn)
	if !ok {
		return nil, errors.New("not a Unix socket")
	}
	raw, err := uc.SyscallConn()
	if err != nil {
		return nil, err
	}
	var cred *unix.Ucred
	var credErr error
	err = raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err = errors.Join(err, credErr); err != nil {
		return nil, fmt.Errorf("asking for the peer's user: %w", err)
	}
	return cred, nil
}
