// Package handover answers one question: how do the connections of the Dovecot
// door come from one process to the next? It starts no goroutine, and its lock is
// held for a moment.
package handover

import (
	"cmp"
	"log/slog"
	"net"
	"slices"
	"sync"
	"syscall"

	"usher/internal/listen"
	"usher/internal/logattr"
	"usher/internal/systemd"
)

const (
	// handedOver is the name in systemd's store of the Dovecot door's connections, provenOver of those on which a login
	// was let in: the next process, too, closes them last.
	handedOver = "dovecot-conn"
	provenOver = "dovecot-conn-proven"
	// mostHandedOver is FileDescriptorStoreMax= of the unit. systemd closes what is above it.
	mostHandedOver = 64
)

// A Handover brings the Dovecot door's connections from one process to the next. To Prosody a connection that is
// closed is a failed login. systemd has them only from the end of one process until the next one runs: while a copy
// is in its store, a connection that usher closes stays open to Prosody, which waits for an answer without end.
type Handover struct {
	log    *slog.Logger
	notify systemd.Notifier

	mu   sync.Mutex
	left []leftConn
	over bool // the connections are gone; what comes later is closed
}

// A leftConn was left by the door, between two requests.
type leftConn struct {
	net.Conn
	proven bool // a login on it was let in
}

// New returns one that has no connection yet.
func New(log *slog.Logger, notify systemd.Notifier) *Handover {
	return &Handover{log: log, notify: notify}
}

// Leave takes a connection from the door, which stops.
func (h *Handover) Leave(nc net.Conn, proven bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		_ = nc.Close()
		return
	}
	h.left = append(h.left, leftConn{nc, proven})
}

// Pass gives what the door has left to systemd, unless usher stops because something has failed, and closes our side
// of it. That is the end for those that systemd did not take.
func (h *Handover) Pass(failed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.over = true
	if len(h.left) == 0 {
		return
	}
	defer func() {
		for _, c := range h.left {
			_ = c.Close()
		}
	}()
	if failed || !h.notify.Told() {
		return
	}
	// Those on which Prosody has logged users in come before all others.
	slices.SortStableFunc(h.left, func(a, b leftConn) int { return cmp.Compare(order(a), order(b)) })
	var files []systemd.Kept
	for _, c := range h.left[:min(len(h.left), mostHandedOver)] {
		if file, ok := c.Conn.(syscall.Conn); ok {
			files = append(files, systemd.Kept{Name: c.name(), Conn: file})
		}
	}
	if err := h.notify.Keep(files); err != nil {
		h.log.Warn("connections could not be handed over, each costs Prosody one login", "connections", len(files),
			logattr.Err(err))
		return
	}
	h.log.Info("connections handed over to systemd", "connections", len(files), "closed", len(h.left)-len(files))
}

// name is the connection's in systemd's store.
func (c leftConn) name() string {
	if c.proven {
		return provenOver
	}
	return handedOver
}

func order(c leftConn) int {
	if c.proven {
		return 0
	}
	return 1
}

// Take gives the door what the process before has left. Whatever systemd's store has is taken out of it first, also
// what nobody here knows.
func (h *Handover) Take(passed []listen.PassedConnection, door *listen.Listener) {
	if len(passed) == 0 {
		return
	}
	good := acceptable(passed, door)
	if err := h.discard(passed); err != nil {
		// Should usher die, the next one would get them too, with requests of which one is half answered.
		h.log.Warn("systemd keeps connections of before the restart, so they are closed; each costs Prosody one login",
			"connections", len(passed), logattr.Err(err))
		good = nil
	}
	for _, c := range passed {
		if !slices.Contains(good, c) {
			c.End()
		}
	}
	for _, c := range good {
		door.Adopt(c, c.Name == provenOver)
	}
	h.log.Info("connections taken over from systemd", "connections", len(good), "closed", len(passed)-len(good))
}

// acceptable are the connections that the door may go on with; first those on which a login was let in, as systemd
// passes them in any order.
func acceptable(passed []listen.PassedConnection, door *listen.Listener) (good []listen.PassedConnection) {
	if door == nil {
		return nil
	}
	for _, name := range []string{provenOver, handedOver} {
		for _, c := range passed {
			if c.Name == name && door.Accepted(c) && len(good) < mostHandedOver {
				good = append(good, c)
			}
		}
	}
	return good
}

// discard empties systemd's store of the names that it has passed.
func (h *Handover) discard(passed []listen.PassedConnection) error {
	var names []string
	for _, c := range passed {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if err := h.notify.Discard(name); err != nil {
			return err
		}
	}
	return nil
}
