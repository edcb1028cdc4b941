package try

import (
	"net"
	"os"
	"slices"
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
