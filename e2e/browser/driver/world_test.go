package driver_test

import (
	"bufio"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"usher/e2e/browser/driver"
	"usher/e2e/browser/page"
	"usher/e2e/nginx"
	"usher/e2e/nginx/nginxtest"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/internal/prosodyconf"
)

const (
	site  = "https://meet.example.com/"
	token = "a.token.that-nobody-reads" // Prosody ignores it: there is no gateway here
)

// world is a Prosody behind nginx and a wire, and a browser.
type world struct {
	prosody *prosody.Server
	wire    *wire
	nginx   *nginx.Server
	browser *driver.Browser
}

// start starts a Prosody whose host for tokens has these lines; the guests' is anonymous. There may be more hosts.
func start(t *testing.T, v prosody.Version, lines string, more ...prosody.Host) world {
	t.Helper()
	driver.Require(t)
	nginxtest.Require(t)
	server := prosodytest.Start(t, prosody.Config{
		Version: v,
		Modules: []string{"websocket", "bosh", "smacks"},
		Extra:   "consider_websocket_secure = true\nconsider_bosh_secure = true",
		Hosts: append([]prosody.Host{
			{Name: "meet.example.com", Lines: lines},
			{Name: "guest.meet.example.com", Lines: `authentication = "anonymous"`},
			{Name: "conference.meet.example.com", Component: "muc", Lines: "restrict_room_creation = false"},
		}, more...),
	})
	cable := newWire(t, server.HTTP())
	front := nginxtest.Start(t, cable.addr(), page.Site{})
	return world{server, cable, front, driver.Start(t, map[string]string{"meet.example.com": front.TLS()})}
}

// knowsAlice starts a Dovecot authentication server for which everybody is alice, and returns Prosody's lines for it.
func knowsAlice(t *testing.T) string { return answersLogins(t, "OK\t%s\tuser=alice\n") }

// answersLogins starts a Dovecot authentication server with one answer to every login.
func answersLogins(t *testing.T, answer string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "auth.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { dovecot(conn, answer) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		running.Wait()
	})
	return fmt.Sprintf("authentication = \"dovecot\"\ndovecot_auth_socket = %s", prosodyconf.Quote(path))
}

func dovecot(conn net.Conn, answer string) {
	defer conn.Close()
	fmt.Fprint(conn,
		"VERSION\t1\t2\nMECH\tANONYMOUS\nSPID\t1\nCUID\t1\nCOOKIE\t0123456789abcdef0123456789abcdef\nDONE\n")
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if fields := strings.Split(lines.Text(), "\t"); fields[0] == "AUTH" {
			fmt.Fprintf(conn, answer, fields[1])
		}
	}
}
