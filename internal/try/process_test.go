package try

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestListening: of several Prosodys the one is looked at that listens where the client was.
func TestListening(t *testing.T) {
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1466 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0
   1: 0100007F:1466 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 100 0
   2: 0100007F:1467 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000000000000000 100 0
   3: short
`
	if got := listeningIn(table, 5222); !slices.Equal(got, []string{"socket:[4711]"}) {
		t.Errorf("%q", got)
	}
	if got := listeningIn(table, 0); len(got) != 0 {
		t.Errorf("no port: %q", got)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	sockets := listening(l.Addr().(*net.TCPAddr).Port)
	if len(sockets) != 1 || !hasOpen("/proc/self", sockets) || hasOpen("/proc/self", []string{"socket:[0]"}) {
		t.Errorf("a socket of our own: %q", sockets)
	}
	if list := prosodies(l.Addr().(*net.TCPAddr).Port); os.Geteuid() == 0 && len(list) > 0 {
		t.Errorf("Prosodys that listen at a port of ours: %+v", list)
	}
}

// TestLetIn: what keeps a process from a socket, and a way in that gives it no more than that: never root's group.
func TestLetIn(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files to others")
	}
	const gid = 65533
	dir, err := os.MkdirTemp("", "usher")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	run, socket := filepath.Join(dir, "run"), filepath.Join(dir, "run", "auth.sock")
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(run, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(socket, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p := process{pid: 1, uid: 65532, gids: []int{65532}}
	for _, c := range []struct {
		run, socket fs.FileMode
		gid         int
		gids        []int
		at, mend    string
	}{
		{0o755, 0o660, gid, []int{gid}, "", ""},
		{0o755, 0o666, 0, nil, "", ""},
		{0o755, 0o660, gid, nil, socket, "let it: usermod -a -G 65533 65532, and restart Prosody"},
		{0o750, 0o660, gid, nil, run, "let it: usermod -a -G 65533 65532, and restart Prosody"},
		{0o700, 0o660, gid, nil, run, "chmod g+x RUN, and have the user 65532 in the group 65533"},
		{0o700, 0o660, gid, []int{gid}, run, "chmod g+x RUN"},
		{0o755, 0o600, gid, []int{gid}, socket, "chmod g+w RUN/auth.sock"},
		{0o750, 0o660, 0, nil, run, "run usher as a user of its own, as deploy/usher.service does, and let RUN be that user's"},
	} {
		for path, mode := range map[string]fs.FileMode{run: c.run, socket: c.socket} {
			if err := os.Chown(path, 1, c.gid); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
		p.gids = append([]int{65532}, c.gids...)
		at := p.blockedAt(socket)
		if (at == nil) != (c.at == "") {
			t.Errorf("%04o and %04o of %d: %+v", c.run, c.socket, c.gid, at)
		}
		if at == nil || c.at == "" {
			continue
		}
		mend := strings.ReplaceAll(p.letIn(at), run, "RUN")
		if at.path != c.at || mend != c.mend {
			t.Errorf("%04o and %04o of %d: %s, %s", c.run, c.socket, c.gid, at.path, mend)
		}
	}
}
