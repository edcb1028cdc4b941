package dovecot

import (
	"bufio"
	"context"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/auth"
)

type always struct{}

func (always) Authenticate(context.Context, auth.Credentials) (auth.Identity, error) {
	return auth.Identity{Account: "alice"}, nil
}

// BenchmarkDovecot compares the door, with an authenticator that costs
// nothing, with a server that returns each line as it came.
func BenchmarkDovecot(b *testing.B) {
	request := []byte(plainAuth(1, "alice", strings.Repeat("x", 330))) // an HS256 token of the usual size
	for _, row := range []struct {
		name  string
		conns int
	}{{"1", 1}, {"64", 64}} {
		b.Run("echo/conns="+row.name, func(b *testing.B) { roundTrips(b, echoServer(b), row.conns, request, false) })
		b.Run("door/conns="+row.name, func(b *testing.B) {
			roundTrips(b, unixServer(b, &Server{Auth: always{}}), row.conns, request, true)
		})
	}
}

func echoServer(b *testing.B) string {
	path := filepath.Join(b.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go echo(nc)
		}
	}()
	return path
}

func echo(nc net.Conn) {
	defer nc.Close()
	in := bufio.NewReader(nc)
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		if _, err := nc.Write(line); err != nil {
			return
		}
	}
}

// roundTrips shares b.N requests among the connections and reports the
// median time of one.
func roundTrips(b *testing.B, path string, conns int, request []byte, handshake bool) {
	peers := make([]*peer, conns)
	for i := range peers {
		if peers[i] = dial(b, path); handshake {
			peers[i].handshake()
		}
		_ = peers[i].conn.SetReadDeadline(time.Time{})
	}
	took := make([][]time.Duration, conns)
	b.ReportAllocs()
	b.ResetTimer()
	var group sync.WaitGroup
	for i, p := range peers {
		n := b.N / conns
		if i < b.N%conns {
			n++
		}
		took[i] = make([]time.Duration, 0, n)
		group.Go(func() {
			for range n {
				start := time.Now()
				if _, err := p.conn.Write(request); err != nil {
					b.Error(err)
					return
				}
				if _, err := p.in.ReadSlice('\n'); err != nil {
					b.Error(err)
					return
				}
				took[i] = append(took[i], time.Since(start))
			}
		})
	}
	group.Wait()
	b.StopTimer()
	all := slices.Concat(took...)
	if len(all) == 0 {
		return
	}
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)/2]), "p50-ns")
	b.ReportMetric(float64(len(all))/b.Elapsed().Seconds(), "req/s")
}
