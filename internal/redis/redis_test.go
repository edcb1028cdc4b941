package redis

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/rueidis"

	"usher/internal/cluster"
)

// FuzzDecode: what is an entry comes back as it was; what is none has no value, and no panic.
func FuzzDecode(f *testing.F) {
	f.Add(uint64(1), uint64(2), []byte("value"))
	f.Add(uint64(0), uint64(1<<53-1), []byte{})
	f.Fuzz(func(t *testing.T, incarnation, number uint64, value []byte) {
		v := cluster.Sealed{Node: "a", Incarnation: incarnation, Number: number, Field: "f", Value: value}
		text, err := encode(&v)
		if number >= maxNumber {
			if !errors.Is(err, cluster.ErrRefused) {
				t.Fatalf("number %d: %v", number, err)
			}
			return
		}
		got := decode("a", "f", text)
		if got.Incarnation != incarnation || got.Number != number || !bytes.Equal(got.Value, value) {
			t.Fatalf("%v became %v", v, got)
		}
		short := decode("a", "f", text[:min(len(value), header-1)])
		if short.Value != nil || short.Incarnation != 0 || short.Number != 0 || short.Node != "a" || short.Field != "f" {
			t.Fatalf("out of too little came %v", short)
		}
	})
}

// TestPace: after a minute it is tried ten times a second, and after a long time once.
func TestPace(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p := pace{}
	if p.wait(now) != 0 {
		t.Error("it waits before any failure")
	}
	for _, c := range []struct{ away, want time.Duration }{
		{0, soonest}, {6 * time.Second, soonest}, {time.Minute, time.Second / 10}, {time.Hour, latest},
	} {
		at := now.Add(c.away)
		p.failed(at)
		if got := p.wait(at); got != c.want {
			t.Errorf("away for %s it waits %s, not %s", c.away, got, c.want)
		}
		if got := p.wait(at.Add(latest)); got != 0 {
			t.Errorf("later it waits %s more", got)
		}
	}
	p.succeeded()
	if p.wait(now) != 0 {
		t.Error("it waits after a success")
	}
}

// answer returns an error as the library makes it of an engine's.
func answer(t *testing.T, text string) error {
	t.Helper()
	return answered(t, "-"+text+"\r\n")
}

// answered returns what becomes of an engine's answer.
func answered(t *testing.T, text string) error {
	t.Helper()
	client, server := net.Pipe()
	go func() {
		defer server.Close()
		for _, line := range []string{"%1\r\n$5\r\nproto\r\n:3\r\n", text} {
			if _, err := server.Read(make([]byte, 4096)); err != nil {
				return
			}
			_, _ = server.Write([]byte(line))
		}
	}()
	l, err := newLink(&Options{Timeout: time.Minute}, pipe{client}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	_, err = l.do(t.Context(), []string{"ANY"})
	return err
}

// A pipe is the home of a link over one connection.
type pipe struct{ net.Conn }

func (pipe) now() uint64                              { return 0 }
func (p pipe) dial(context.Context) (net.Conn, error) { return p.Conn, nil }
func (pipe) lost(uint64)                              {}

// TestAnswers: which of the engine's errors pass, and what is said of the others.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		"NOREPLICAS Not enough good replicas to write.":                               cluster.ErrAway,
		"LOADING Redis is loading the dataset in memory":                              cluster.ErrAway,
		"READONLY You can't write against a read only replica.":                       cluster.ErrAway,
		"MASTERDOWN Link with MASTER is down":                                         cluster.ErrAway,
		"OOM command not allowed when used memory > 'maxmemory'.":                     cluster.ErrAway,
		"MISCONF Redis is configured to save RDB snapshots":                           cluster.ErrAway,
		"UNBLOCKED force unblock from blocking operation":                             cluster.ErrAway,
		"ERR max number of clients reached":                                           cluster.ErrAway,
		"NOAUTH Authentication required.":                                             cluster.ErrRefused,
		"WRONGPASS invalid username-password pair":                                    cluster.ErrRefused,
		"NOPERM this user has no permissions to run the 'xadd' command":               cluster.ErrRefused,
		"MOVED 1234 127.0.0.1:1":                                                      cluster.ErrRefused,
		"ERR unknown command 'EVAL_RO'":                                               cluster.ErrRefused,
		"WRONGTYPE Operation against a key holding the wrong kind of value":           cluster.ErrRefused,
		"DENIED Redis is running in protected mode because protected mode is enabled": cluster.ErrRefused,
	} {
		err := answer(t, text)
		if err == nil || !errors.Is(err, want) || errors.Is(err, cluster.ErrAway) && errors.Is(err, cluster.ErrRefused) {
			t.Fatalf("%s: %v", text, err)
		}
		word, _, _ := strings.Cut(text, " ")
		if said := err.Error(); !strings.Contains(said, strings.TrimPrefix(text, "ERR ")) ||
			!strings.HasSuffix(said, hints[word]) {
			t.Errorf("%s is told as: %v", text, err)
		}
	}
	if err := classify(rueidis.ErrClosing); !errors.Is(err, cluster.ErrAway) {
		t.Error(err)
	}
}

// TestOptions: what cannot be an engine's place is refused.
func TestOptions(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"nowhere":           {},
		"two places":        {Address: "a:1", Sentinel: "usher", Sentinels: []string{"b:1"}},
		"no port":           {Address: "a"},
		"Sentinel, no port": {Sentinel: "usher", Sentinels: []string{"b"}},
		"nobody to ask":     {Sentinel: "usher"},
		"nobody to ask for": {Address: "a:1", Sentinels: []string{"b:1"}},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := New(Options{Address: "/run/redis.sock"}); err != nil {
		t.Error(err)
	}
}

// TestPassword: one that cannot be read is told as what it is, and asked for again.
func TestPassword(t *testing.T) {
	t.Parallel()
	client, server := net.Pipe()
	defer server.Close()
	l, err := newLink(&Options{Timeout: time.Minute, Password: func() (string, error) { return "", os.ErrPermission }},
		pipe{client}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	_, err = l.do(t.Context(), []string{"ANY"})
	if !errors.Is(err, cluster.ErrRefused) || !errors.Is(err, os.ErrPermission) {
		t.Error(err)
	}
}

// TestSilence: an engine that says nothing is away after the timeout, and a caller who goes does not wait for it, nor
// for another caller.
func TestSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		defer server.Close()
		go func() { _, _ = server.Read(make([]byte, 4096)) }()
		l, err := newLink(&Options{Timeout: time.Minute}, pipe{client}, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer l.close()
		begin := time.Now()
		first := make(chan error)
		go func() {
			_, err := l.do(t.Context(), []string{"ANY"})
			first <- err
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = l.do(ctx, []string{"ANY"})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Second {
			t.Errorf("the second has %v after %s", err, time.Since(begin))
		}
		if err := <-first; !errors.Is(err, cluster.ErrAway) || time.Since(begin) != time.Minute {
			t.Errorf("the first has %v after %s", err, time.Since(begin))
		}
	})
}
