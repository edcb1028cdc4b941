package preflight

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"usher/internal/config"
	"usher/internal/permission"
	"usher/internal/unitfile"
)

// whyNot says why an address cannot be listened on, and what to do about it.
func whyNot(err error) (text, mend string) {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "another program has this port", "ss -ltnp shows which; stop it, or name another port"
	case errors.Is(err, syscall.EACCES):
		return "the user " + permission.Self() + " may not listen on a port below 1024", "name one above"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "this machine has no such address", "ip address shows those that it has"
	}
	return err.Error(), ""
}

// A socketUnit is a unit by which systemd opens a socket for usher.
type socketUnit struct {
	name    string // usher.socket
	fd      string // the listener that it is for: FileDescriptorName
	streams []string
	enabled bool // it is started with the machine
}

// socketUnits are those of ours: systemd gives their sockets to usher.service.
func (l *look) socketUnits() (list []socketUnit) {
	names := map[string]bool{}
	for _, f := range l.folders {
		found, _ := filepath.Glob(filepath.Join(f, "usher*.socket"))
		for _, path := range found {
			names[filepath.Base(path)] = true
		}
	}
	for name := range names {
		u, found := unitfile.Find(l.folders, name)
		service := u.Last("Socket.Service", strings.TrimSuffix(name, ".socket")+".service")
		if !found || service != "usher.service" {
			continue
		}
		list = append(list, socketUnit{name: name, fd: u.Last("Socket.FileDescriptorName", name),
			streams: u.All("Socket.ListenStream"),
			enabled: unitfile.Enabled(l.folders, name)})
	}
	slices.SortFunc(list, func(a, b socketUnit) int { return strings.Compare(a.name, b.name) })
	return list
}

// passed reports whether systemd opens a listener's socket, and wants that it does where the configuration has it:
// Prosody would ask at one place, and usher would listen at another.
func (l *look) passed(key []string, name string, a config.Address) bool {
	if l.unit.Path == "" {
		return false
	}
	for _, s := range l.sockets {
		same := len(s.streams) == 1 && sameStream(s.streams[0], a)
		if s.fd != name || !same && !s.enabled { // one that is not started does no harm, and one that is may be by hand
			continue
		}
		if !same {
			mend := "write the same into both: systemctl edit " + s.name + ", with [Socket], an empty ListenStream= " +
				"and ListenStream=" + a.Name + " below it, then systemctl restart " + s.name
			l.report(key, false, mend, "%s is %s, and %s has ListenStream=%s: systemd opens the socket elsewhere",
				keyName(key), a.Name, s.name, strings.Join(s.streams, " "))
		}
		return true
	}
	return false
}

// sameStream reports whether a ListenStream= is an address. systemd takes a port alone, too, for all addresses.
func sameStream(stream string, a config.Address) bool {
	stream = strings.NewReplacer("%t", "/run", "%%", "%").Replace(stream)
	if a.Network == "unix" {
		return realFolder(filepath.Clean(stream)) == realFolder(a.Name)
	}
	return anyHost(stream) == anyHost(a.Name)
}

// anyHost writes the addresses that are all of the machine's, and those of loopback, in one way each.
func anyHost(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = "", address // a port alone
	}
	switch host {
	case "", "0.0.0.0", "::":
		return ":" + port
	case "localhost":
		return "127.0.0.1:" + port
	}
	return net.JoinHostPort(host, port)
}

// unwanted finds the units whose sockets belong to no listener: usher does not start with them.
func (l *look) unwanted() {
	if l.unit.Path == "" {
		return
	}
	listeners := l.config.Listen.ByName()
	for _, s := range l.sockets {
		if !s.enabled {
			continue
		}
		a, known := listeners[s.fd]
		usual := config.Default().Listen.ByName()[s.fd] // which is taken where Prosody asks nobody
		switch {
		case !known:
			l.report([]string{"listen"}, false,
				"set FileDescriptorName= there to dovecot, extauth, http, gateway, console, metrics or admin",
				"%s has FileDescriptorName=%s, and there is no such listener", s.name, s.fd)
		case a.Name == "" && (len(s.streams) != 1 || !sameStream(s.streams[0], usual)):
			l.report([]string{"listen"}, false, "systemctl disable --now "+s.name+", or set listen."+s.fd,
				"%s opens a socket for listen.%s, which is not set", s.name, s.fd)
		}
	}
}

// reach warns where the server that a door is for may not go: Prosody, which is not in usher's group.
func (l *look) reach(key []string, name, socket string) {
	dir := filepath.Dir(socket)
	uid, gid, mode, known := l.rights(dir)
	if !known || mode&0o001 != 0 || name != "dovecot" && name != "extauth" {
		return
	}
	for _, peer := range l.config.Peers {
		u, err := user.LookupId(strconv.Itoa(peer))
		other := err == nil && peer != 0 && peer != uid && peer != os.Geteuid()
		if !other || name == "dovecot" && u.Username != "prosody" {
			continue
		}
		groups, err := u.GroupIds()
		if err != nil || mode&0o010 != 0 &&
			(slices.Contains(groups, strconv.Itoa(gid)) || l.unitGives(u.Username, gid)) {
			continue
		}
		mend := fmt.Sprintf("adduser %[1]s %[2]s && systemctl restart %[1]s", u.Username, permission.GroupName(gid))
		if gid == 0 {
			mend = "run usher as a user of its own, as deploy/usher.service does, and let the folder be that user's"
		}
		l.report(key, true, mend, "%s: the user %s may not enter %s (group %s, %04o), and so not ask usher",
			keyName(key), u.Username, dir, permission.GroupName(gid), mode)
	}
}

// unitGives reports whether systemd gives a server a group beside those of its user, as the package's drop-ins do.
func (l *look) unitGives(server string, gid int) bool {
	u, _ := unitfile.Find(l.folders, server+".service")
	groups := u.Words("Service.SupplementaryGroups")
	return slices.Contains(groups, permission.GroupName(gid)) || slices.Contains(groups, strconv.Itoa(gid))
}

// rights are those of a folder, or those that systemd will give it.
func (l *look) rights(dir string) (uid, gid int, mode os.FileMode, known bool) {
	if info, err := os.Stat(dir); err == nil {
		s, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return 0, 0, 0, false
		}
		return int(s.Uid), int(s.Gid), info.Mode().Perm(), true
	}
	owner := l.unit.Last("Service.User", "root")
	u, err := user.Lookup(owner)
	g, other := user.LookupGroup(l.unit.Last("Service.Group", owner))
	bits, bad := strconv.ParseUint(l.unit.Last("Service.RuntimeDirectoryMode", "0755"), 8, 12)
	if !l.made(dir) || err != nil || other != nil || bad != nil {
		return 0, 0, 0, false
	}
	uid, err = strconv.Atoi(u.Uid)
	gid, other = strconv.Atoi(g.Gid)
	return uid, gid, os.FileMode(bits), err == nil && other == nil
}
