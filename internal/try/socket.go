package try

import (
	"context"
	"io/fs"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"usher/internal/text"
)

// socket looks whether Prosody asks about logins at the Dovecot door. It is not wrong that it does not: it may ask at
// another one.
func (t *witness) socket(context.Context) result {
	door := t.Config.Listen.Dovecot
	if t.relay() || t.status == nil || t.status.Connections["dovecot"].Open == 0 {
		return result{}
	}
	return passed("Prosody is connected to %s", door.Name)
}

// doorFault says why Prosody does not ask at the Dovecot socket, as far as this machine shows it.
func (t *link) doorFault() result {
	path := t.Config.Listen.Dovecot.Name
	if t.relay() || t.Config.Listen.Dovecot.Network != "unix" {
		return result{}
	}
	if port, here := t.prosodyPort(); here {
		if r := t.doorFaultHere(port, path); r.state == Failed {
			return r
		}
	}
	if t.status != nil && t.status.Listeners["dovecot"] != "" && t.status.Connections["dovecot"].Open == 0 {
		also := ""
		if t.Config.Listen.HTTP.Name != "" {
			also = ", and did not show the secret of http_secret_file at listen.http"
		}
		return failed("usher prosody prints the lines of "+t.hostLine()+"; restart Prosody then: it tries the socket "+
			"once, and reads the secret, when it starts",
			"Prosody did not ask usher: it is not connected to %s%s", path, also)
	}
	return result{}
}

// doorFaultHere looks at the files, the log and the process of a Prosody on this machine.
func (t *witness) doorFaultHere(port int, path string) result {
	lines := find(prosodyFiles(t.Folders.Prosody), `^dovecot_auth_socket\s*=`)
	same := func(p place) bool { return strings.Contains(p.text, `"`+path+`"`) }
	if len(lines) > 0 && !slices.ContainsFunc(lines, same) {
		return failed("write dovecot_auth_socket = "+quoted(path)+" at "+lines[0].String()+", and restart Prosody",
			"Prosody asks elsewhere: %s has %s", lines[0], lines[0].text)
	}
	if t.notFound("auth_dovecot") {
		return failed("apt install prosody-modules, then restart Prosody",
			"Prosody has no mod_auth_dovecot, as its log says")
	}
	for _, p := range prosodies(port) {
		if r := t.mayOpen(p, path); r.state == Failed {
			return r
		}
	}
	return result{}
}

// prosodyPort is the port of the Prosody that was asked, 0 if that is not known, and whether it is one of this
// machine.
func (t *link) prosodyPort() (port int, here bool) {
	if t.Target.URL != nil {
		port, _ := strconv.Atoi(t.upstreamURL().Port())
		ip := net.ParseIP(t.upstreamURL().Hostname())
		return port, ip == nil || ip.IsLoopback()
	}
	if t.conn == nil {
		return 0, true
	}
	to, ok := t.conn.RemoteAddr().(*net.TCPAddr)
	from, tcp := t.conn.LocalAddr().(*net.TCPAddr)
	if !ok || !tcp {
		return 0, true
	}
	return to.Port, to.IP.IsLoopback() || to.IP.Equal(from.IP) // the kernel goes to its own addresses from themselves
}

// mayOpen says why a process may not connect to a socket.
func (t *witness) mayOpen(p process, path string) result {
	if p.uid == 0 {
		return result{}
	}
	if !slices.Contains(t.Config.Peers, p.uid) {
		return failed("add "+p.user()+" to peers of "+t.ConfigFile+", and restart usher",
			"Prosody, process %d, is the user %s, whom usher does not let in", p.pid, p.user())
	}
	at := p.blockedAt(path)
	if at == nil {
		return result{}
	}
	return failed(p.letIn(at), "Prosody, process %d, user %s, may not open %s, because of %s %s %s", p.pid, p.user(), path,
		at.mode, at.owner, at.path)
}

// letIn says how a process gets through what keeps it out.
func (p process) letIn(at *barrier) string {
	group := at.owner.group()
	switch {
	case at.owner.gid == 0:
		return "run usher as a user of its own, as deploy/usher.service does, and let " + at.path + " be that user's"
	case at.mode.Perm()>>3&at.need == 0:
		mend := "chmod g+" + map[fs.FileMode]string{toEnter: "x", toConnect: "w"}[at.need] + " " + text.Shell(at.path)
		if !slices.Contains(p.gids, at.owner.gid) {
			mend += ", and have the user " + p.user() + " in the group " + group
		}
		return mend
	case p.isIn(group):
		return "restart Prosody: its user is in the group " + group + " now, and was not when it was started"
	}
	return "let it: usermod -a -G " + group + " " + p.user() + ", and restart Prosody"
}

// A barrier is a part of a path that keeps a process out.
type barrier struct {
	path  string
	mode  fs.FileMode
	owner owner
	need  fs.FileMode // which right it does not have
}

const (
	toEnter   fs.FileMode = 0o1 // a folder
	toConnect fs.FileMode = 0o2 // to a socket
)

// blockedAt returns the first part of a path that keeps a process out, or nil.
func (p process) blockedAt(path string) *barrier {
	for i := 1; i <= len(path); i++ {
		if i < len(path) && path[i] != '/' {
			continue
		}
		at := path[:i]
		info, err := os.Stat(at)
		if err != nil {
			return nil
		}
		need := toEnter
		if !info.IsDir() {
			need = toConnect
		}
		owner := ownerOf(info)
		if !p.has(info.Mode().Perm(), owner, need) && !hasACL(at) {
			return &barrier{at, info.Mode(), owner, need}
		}
	}
	return nil
}

// has tells whether a process has a right to what has a mode and an owner.
func (p process) has(mode fs.FileMode, o owner, need fs.FileMode) bool {
	switch {
	case p.uid == o.uid:
		return mode>>6&need != 0
	case slices.Contains(p.gids, o.gid):
		return mode>>3&need != 0
	}
	return mode&need != 0
}
