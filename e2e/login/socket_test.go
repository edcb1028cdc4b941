package login

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"usher/e2e/client"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/tokens"
)

// A daemon that is started again costs each host that uses it one failed login.
func TestReopenedSocket(t *testing.T) {
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		w := newWorld(t, v)
		l := client.Plain("alice", tokens.Sign(t, meet, nil))
		for range 3 {
			w.login(t, meet, l)
			w.shared.close()
			w.shared.open()
			if r := w.refuse(t, meet, l); r.Condition != "internal-server-error" {
				t.Errorf("the one failed login: %v", r)
			}
			for range 3 {
				w.login(t, meet, l)
			}
		}
		w.login(t, alone, client.Plain("alice", tokens.Sign(t, alone, nil))) // has its own socket
	})
}

// A Prosody that finds nobody at the socket never connects again until it is restarted: its module keeps a socket on
// which connect failed, and fails with a Lua error at every login. That is what usher.socket is for.
func TestSocketThatWasAway(t *testing.T) {
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		w := newWorld(t, v)
		l := client.Plain("alice", tokens.Sign(t, meet, nil))
		w.login(t, meet, l)
		w.shared.close()
		brief := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			s, err := client.Dial(ctx, l.At(w.prosody.C2S(), meet))
			if err == nil {
				_ = s.Close()
			}
			return err
		}
		for range 2 {
			if brief() == nil {
				t.Fatal("let in without a socket")
			}
		}
		w.shared.open()
		for range 2 {
			if brief() == nil {
				t.Error("it has recovered: docs/doors.md and usher.socket say that it does not")
			}
		}
		if err := w.prosody.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.login(t, meet, l)
	})
}

// Other peers of the socket that stop in the middle of something must not be felt: Prosody stands still for everybody
// while it waits for an answer. A login that waited for one of them would end when the door has thrown that one out, and
// so take most of the time since they came.
func TestStalledPeers(t *testing.T) {
	const handshake = "VERSION\t1\t1\nCPID\t%d\n"
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		w := newWorld(t, v)
		var peers []net.Conn
		for i, said := range []string{
			"", "VERS", fmt.Sprintf(handshake, 1), fmt.Sprintf(handshake, 2) + "AUTH\t1\tPLAIN\tresp=AAAA",
			fmt.Sprintf(handshake, 3) + "AUTH\t1\tPLAIN\tservice=" + meet + "\tresp==\n",
			"\x00\xff garbage",
		} {
			peers = append(peers, stall(t, w.shared.path, i, said))
		}
		came := time.Now()
		for range 20 {
			start := time.Now()
			w.login(t, meet, client.Plain("alice", tokens.Sign(t, meet, nil)))
			took := time.Since(start)
			if !slices.ContainsFunc(peers, ended) {
				continue
			}
			since := time.Since(came)
			t.Logf("a peer is thrown out after %s, in a login of %s", since, took)
			if took > since/2 {
				t.Error("a login waited for a stalled peer")
			}
			break
		}
	})
}

// ended tells whether the door has closed a connection, and reads all that it has said.
func ended(conn net.Conn) bool {
	_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := io.Copy(io.Discard, conn)
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

// stall says something to the door and then nothing until the end of the test.
func stall(t *testing.T, path string, n int, said string) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("peer %d: %v", n, err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
		t.Fatalf("peer %d: %v", n, err)
	}
	if _, err := conn.Write([]byte(said)); err != nil {
		t.Fatalf("peer %d: %v", n, err)
	}
	return conn
}
