package redis

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"usher/internal/cluster"
)

// sentinel answers as a Sentinel does that knows a primary by the failover of an epoch, late by a pause. Another
// answer is given instead.
func sentinel(t *testing.T, port, epoch int, late time.Duration, instead string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	answer := fmt.Sprintf("%%3\r\n+ip\r\n+10.0.0.1\r\n+port\r\n+%d\r\n+config-epoch\r\n+%d\r\n", port, epoch)
	if instead != "" {
		answer = instead
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go talk(conn, late, answer)
		}
	}()
	return l.Addr().String()
}

// talk answers HELLO, and everything else in one way.
func talk(conn net.Conn, late time.Duration, answer string) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch {
		case strings.TrimSpace(line) == "HELLO":
			_, _ = conn.Write([]byte("%1\r\n+proto\r\n:3\r\n"))
		case strings.TrimSpace(line) == "MASTER":
			time.Sleep(late)
			_, _ = conn.Write([]byte(answer))
		}
	}
}

// TestSentinels: of several that answer the one is believed who knows of the latest failover; who is away costs
// nothing, and who is late little.
func TestSentinels(t *testing.T) {
	t.Parallel()
	old, now := sentinel(t, 1, 7, 0, ""), sentinel(t, 2, 12, 20*time.Millisecond, "")
	late := sentinel(t, 3, 99, 20*time.Second, "")
	odd := sentinel(t, 4, 0, 0, "%1\r\n+ip\r\n+10.0.0.1\r\n")
	unknown := sentinel(t, 5, 0, 0, "-ERR No such master with that name\r\n")
	away := "127.0.0.1:1"
	for name, c := range map[string]struct {
		asked []string
		want  string
		err   error
	}{
		"cut off from the others": {[]string{old, now}, "10.0.0.1:2", nil},
		"the other way round":     {[]string{now, old}, "10.0.0.1:2", nil},
		"one is away":             {[]string{away, old}, "10.0.0.1:1", nil},
		"one is late":             {[]string{late, old}, "10.0.0.1:1", nil},
		"one is odd":              {[]string{odd, unknown, old}, "10.0.0.1:1", nil},
		"all are away":            {[]string{away, away}, "", cluster.ErrAway},
		"all are odd":             {[]string{odd}, "", cluster.ErrRefused},
		"one is away, one odd":    {[]string{odd, away}, "", cluster.ErrAway},
		"no such name":            {[]string{unknown}, "", cluster.ErrRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &Options{Sentinel: "usher", Sentinels: c.asked, Timeout: 10 * time.Second,
				stragglers: 2 * time.Second}
			begin := time.Now()
			got, err := o.find(t.Context())
			both := errors.Is(err, cluster.ErrAway) && errors.Is(err, cluster.ErrRefused)
			if got != c.want || !errors.Is(err, c.err) || both || time.Since(begin) > 8*time.Second {
				t.Errorf("%q, %v, after %s", got, err, time.Since(begin))
			}
		})
	}
}
