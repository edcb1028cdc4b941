package preflight

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"usher/internal/config"
	"usher/internal/permission"
	"usher/internal/text"
	"usher/internal/unitfile"
)

// A look at one configuration.
type look struct {
	config   *config.Config
	running  map[string]string // see Look
	path     string            // as the operator named the file
	folders  []string
	unit     unitfile.Unit // usher.service; zero: it is not installed, or is for another configuration
	sockets  []socketUnit
	problems config.Problems
}

// Look returns what keeps a daemon from starting with a configuration that was read well, at the lines of the file at
// path. root is "/", or a folder whose units are read instead. running has the addresses of a daemon that runs, by name;
// nil, where it did not say.
func Look(c *config.Config, path, root string, running map[string]string) config.Problems {
	l := &look{config: c, path: path, running: running, folders: unitfile.Folders(root)}
	if unit, found := unitfile.Find(l.folders, "usher.service"); found && unitReads(unit, path) {
		l.unit = unit
	}
	l.sockets = l.socketUnits()
	l.state()
	for _, name := range []string{"dovecot", "extauth", "http", "gateway", "console", "metrics", "admin"} {
		l.endpoint(name, c.Listen.ByName()[name])
	}
	l.unwanted()
	l.files()
	return l.problems
}

// unitReads reports whether a unit is for the configuration at a path.
func unitReads(u unitfile.Unit, path string) bool {
	words := u.Words("Service.ExecStart")
	configured := "/etc/usher/usher.yaml"
	for i, w := range words {
		if value, ok := strings.CutPrefix(strings.TrimLeft(w, "-"), "config="); ok {
			configured = value
		} else if strings.TrimLeft(w, "-") == "config" && i+1 < len(words) {
			configured = words[i+1]
		}
	}
	a, err := os.Stat(configured)
	b, other := os.Stat(path)
	return err == nil && other == nil && os.SameFile(a, b)
}

// UnitUser returns the user of the unit that starts usher with a configuration, or nothing.
func UnitUser(path, root string) string {
	unit, found := unitfile.Find(unitfile.Folders(root), "usher.service")
	if !found || !unitReads(unit, path) {
		return ""
	}
	return unit.Last("Service.User", "root")
}

// report adds a problem at a key of the file.
func (l *look) report(key []string, warning bool, mend, format string, args ...any) {
	p := config.Problem{File: l.path, Warning: warning, Text: text.Printable(fmt.Sprintf(format, args...)),
		Mend: text.Printable(mend)}
	p.Line, p.Column = l.config.Place(key...)
	if !slices.Contains(l.problems, p) {
		l.problems = append(l.problems, p)
	}
}

// ownFolders are where systemd makes folders for a service, by the key that names them.
func ownFolders() map[string]string {
	return map[string]string{"Service.RuntimeDirectory": "/run", "Service.StateDirectory": "/var/lib"}
}

// made reports whether systemd makes a folder for the unit, at each start and for the unit's user.
func (l *look) made(dir string) bool {
	for key, base := range ownFolders() {
		for _, name := range l.unit.Words(key) {
			if filepath.Join(base, name) == realFolder(dir) {
				return true
			}
		}
	}
	return false
}

// realFolder is a folder by the name that systemd uses for it.
func realFolder(dir string) string {
	if rest, ok := strings.CutPrefix(dir, "/var/run/"); ok {
		return "/run/" + rest
	}
	return dir
}

// folder wants that the daemon can make files in a folder. It reports whether it is there.
func (l *look) folder(key []string, dir, mode string) bool {
	if l.made(dir) {
		_, err := os.Stat(dir)
		return err == nil
	}
	if _, err := os.Stat(dir); os.IsNotExist(err) {
		below := filepath.Dir(realFolder(dir)) == "/run"
		if below && permission.Find("/run", permission.Write|permission.Enter) == nil {
			return false // usher serve makes it
		}
		mend := fmt.Sprintf("install -d -o %s -g %s -m %s %s", permission.Self(), permission.GroupName(os.Getegid()),
			mode, text.Shell(dir))
		l.report(key, false, mend, "%s: the folder %s is not there", keyName(key), dir)
		return false
	}
	if b := permission.Find(dir, permission.Read|permission.Write|permission.Enter); b != nil {
		l.report(key, false, b.Mend(), "%s: %s", keyName(key), b.Text())
		return false
	}
	l.sandbox(key, dir)
	return true
}

// sandbox wants that the unit lets the daemon write to a folder.
func (l *look) sandbox(key []string, dir string) {
	if l.unit.Last("Service.ProtectSystem", "") != "strict" {
		return
	}
	open := l.unit.Words("Service.ReadWritePaths")
	for key, base := range ownFolders() {
		for _, name := range l.unit.Words(key) {
			open = append(open, filepath.Join(base, name))
		}
	}
	for _, open := range open {
		open = filepath.Clean(strings.TrimLeft(open, "-+"))
		if dir == open || strings.HasPrefix(dir, open+"/") {
			return
		}
	}
	l.report(key, false, "systemctl edit usher, with [Service] and ReadWritePaths="+dir+" below it",
		"%s: usher.service (ProtectSystem=strict) lets usher write nothing in %s", keyName(key), dir)
}

func keyName(key []string) string { return strings.Join(key, ".") }

// state wants that the state can be opened.
func (l *look) state() {
	path := l.config.State.Path
	if path == "" {
		return
	}
	key := []string{"state"}
	dir := filepath.Dir(path)
	if !l.folder(key, dir, "0700") {
		return
	}
	for _, name := range []string{path, path + "-wal", path + "-shm", path + ".lock", path + ".journal"} {
		info, err := os.Stat(name)
		if err != nil {
			continue
		}
		want := uint32(permission.Read | permission.Write)
		if info.IsDir() {
			want |= permission.Enter
		}
		if b := permission.Find(name, want); b != nil {
			l.report(key, false, fmt.Sprintf("chown -R %s: %s*", permission.Self(), text.Shell(path)),
				"state: %s; was usher run as %s once?", b.Text(), permission.Owner(b.Info))
			return
		}
	}
}

// files wants that the unit lets the daemon see the configuration and what it names.
func (l *look) files() {
	if l.unit.Path == "" {
		return
	}
	for i, path := range l.config.Paths {
		hidden := ""
		first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		home := strings.ToLower(l.unit.Last("Service.ProtectHome", "no"))
		switch {
		case (first == "root" || first == "home") && (l.unit.On("Service.ProtectHome") || home == "tmpfs"):
			hidden = "ProtectHome=" + home
		case (first == "tmp" || strings.HasPrefix(path, "/var/tmp/")) && l.unit.On("Service.PrivateTmp"):
			hidden = "PrivateTmp=yes"
		}
		if hidden != "" {
			what := "the configuration"
			if i > 0 {
				what = "the file " + path
			}
			l.report(nil, false, "move it to /etc/usher", "%s cannot be seen by usher.service (%s)", what, hidden)
		}
	}
}

// endpoint wants that an address can be listened on.
func (l *look) endpoint(name string, a config.Address) {
	if a.Name == "" {
		return
	}
	key := []string{"listen", name}
	passed := l.passed(key, name, a)
	switch {
	case a.Network == "unix":
		l.reach(key, name, a.Name)
	case !passed:
		l.port(key, a)
	}
	if a.Network == "unix" && !passed {
		l.socket(key, a)
	}
}

// socket wants that a socket can be made.
func (l *look) socket(key []string, a config.Address) {
	if !l.folder(key, filepath.Dir(a.Name), "0750") {
		return
	}
	if info, err := os.Lstat(a.Name); err == nil && info.Mode().Type() != os.ModeSocket {
		l.report(key, false, "remove it, or name another path", "%s: %s is there, and is no socket", keyName(key),
			a.Name)
	}
	lock := a.Name + ".lock"
	if b := permission.Find(lock, permission.Read|permission.Write); b != nil {
		l.report(key, false, "rm "+text.Shell(lock), "%s: %s; was usher run as %s once?", keyName(key), b.Text(),
			permission.Owner(b.Info))
	}
}

// portWithin bounds how long a look at a daemon takes that may run.
const portWithin = 2 * time.Second

// port wants that a port is free, unless the daemon that runs has it.
func (l *look) port(key []string, a config.Address) {
	if l.mayBeOurs(a) {
		return
	}
	listener, err := net.Listen("tcp", a.Name)
	if err == nil {
		_ = listener.Close()
		return
	}
	why, mend := whyNot(err)
	l.report(key, false, cmp.Or(mend, "name another address"), "%s: %s: %s", keyName(key), a.Name, why)
}

// mayBeOurs reports whether a daemon that runs has the port, at whatever address, or may have it.
func (l *look) mayBeOurs(a config.Address) bool {
	if l.running == nil {
		conn, err := net.DialTimeout("unix", l.config.Listen.Admin.Name, portWithin)
		if err == nil {
			_ = conn.Close()
		}
		return !errors.Is(err, syscall.ENOENT) && !errors.Is(err, syscall.ECONNREFUSED) // also if this user may not ask it
	}
	for _, address := range l.running {
		if portOf(address) == portOf(a.Name) {
			return true
		}
	}
	return false
}

// portOf is the port of an address, "" of a path.
func portOf(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	return port
}
