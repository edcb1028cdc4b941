package main

import (
	"bufio"
	"io"
	"net"
	"strings"
	"sync"
)

// A door is before the Dovecot sockets of two ushers what HAProxy is with a backup: a connection goes to the second
// where the first is not there.
type door struct {
	listener net.Listener
	ushers   []string // sockets
	serving  sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
	shut  bool
}

func openDoor(path string, ushers ...string) (*door, error) {
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	d := &door{listener: l, ushers: ushers}
	d.serving.Go(d.serve)
	return d, nil
}

func (d *door) serve() {
	for {
		from, err := d.listener.Accept()
		if err != nil {
			return
		}
		d.serving.Go(func() { d.pass(from) })
	}
}

// pass passes on a connection, until either side ends it. Prosody's module never comes back from a connection that ends
// in its handshake: so that is made with the usher first.
func (d *door) pass(from net.Conn) {
	defer from.Close()
	if !d.keep(from) {
		return
	}
	client := bufio.NewReader(from)
	hello, err := lines(client, "CPID\t")
	if err != nil {
		return
	}
	for _, socket := range d.ushers {
		to, err := net.Dial("unix", socket)
		if err != nil {
			continue
		}
		defer to.Close()
		if !d.keep(to) {
			return
		}
		server := bufio.NewReader(to)
		if _, err := io.WriteString(to, hello); err != nil {
			continue
		}
		welcome, err := lines(server, "DONE")
		if err != nil {
			continue
		}
		if _, err := io.WriteString(from, welcome); err != nil {
			return
		}
		both(from, to, client, server)
		return
	}
}

// lines reads up to the line that begins with a word.
func lines(r *bufio.Reader, last string) (text string, err error) {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return "", err
		}
		if text += line; strings.HasPrefix(line, last) {
			return text, nil
		}
	}
}

// both passes on what either side says, until one of them ends.
func both(from, to net.Conn, client, server io.Reader) {
	var ways sync.WaitGroup
	pass := func(to io.Writer, said io.Reader, ends net.Conn) {
		_, _ = io.Copy(to, said)
		_ = ends.Close()
	}
	ways.Go(func() { pass(to, client, to) })
	ways.Go(func() { pass(from, server, from) })
	ways.Wait()
}

func (d *door) keep(conns ...net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.conns = append(d.conns, conns...)
	return !d.shut
}

// close ends all that goes through.
func (d *door) close() {
	_ = d.listener.Close()
	d.mu.Lock()
	d.shut = true
	for _, c := range d.conns {
		_ = c.Close()
	}
	d.mu.Unlock()
	d.serving.Wait()
}
