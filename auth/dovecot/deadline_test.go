package dovecot

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"usher/auth"
)

// inBubble runs f against a server over pipes, in a bubble of its own time.
func inBubble(t *testing.T, s *Server, f func(t *testing.T, dial func() *peer)) {
	synctest.Test(t, func(t *testing.T) {
		l := newPipeListener()
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- s.Serve(ctx, l) }()
		f(t, func() *peer { return l.dial(t) })
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

func since(t *testing.T, start time.Time, want time.Duration) {
	t.Helper()
	if took := time.Since(start); took != want {
		t.Errorf("after %v, want %v", took, want)
	}
}

func TestHandshakeTimeout(t *testing.T) {
	for _, said := range []string{"", "VERS", "VERSION\t1\t1\n", "VERSION\t1\t1\nCPI"} {
		inBubble(t, &Server{Auth: &stub{}}, func(t *testing.T, dial func() *peer) {
			start, p := time.Now(), dial()
			p.greeting()
			if time.Sleep(4 * time.Second); said != "" { // a late start of a line wins no time
				p.send(said)
			}
			p.expectEnd()
			since(t, start, 10*time.Second)
		})
	}
}

func TestIdleConnectionStays(t *testing.T) {
	inBubble(t, &Server{Auth: &stub{}}, func(t *testing.T, dial func() *peer) {
		p := dial().handshake()
		for range 3 {
			time.Sleep(1000 * time.Hour)
			p.send(plainAuth(1, "alice", "ok-alice"))
			p.expect("OK\t1\tuser=alice")
		}
		line := plainAuth(2, "alice", "ok-alice")
		p.send(line[:9])
		time.Sleep(9 * time.Second)
		p.send(line[9:])
		p.expect("OK\t2\tuser=alice")
		time.Sleep(1000 * time.Hour) // that line's deadline is gone
		p.send(plainAuth(3, "alice", "ok-alice"))
		p.expect("OK\t3\tuser=alice")
	})
}

func TestLineTimeout(t *testing.T) {
	inBubble(t, &Server{Auth: &stub{}}, func(t *testing.T, dial func() *peer) {
		p := dial().handshake()
		time.Sleep(time.Hour)
		start := time.Now()
		for _, b := range "AUTH\t1\tP" { // one byte a second
			p.send(string(b))
			time.Sleep(time.Second)
		}
		p.expectEnd()
		since(t, start, 10*time.Second)
	})
}

func TestWriteTimeout(t *testing.T) {
	var log logBuffer
	inBubble(t, &Server{Auth: &stub{}, Log: log.logger()}, func(t *testing.T, dial func() *peer) {
		p := dial().handshake()
		p.send(plainAuth(1, "alice", "ok-alice"))
		time.Sleep(time.Second + time.Millisecond)
		p.expectEnd()
	})
	if !strings.Contains(log.String(), "timeout") {
		t.Errorf("the log says %s", log.String())
	}
}

func TestReplyTimeout(t *testing.T) {
	var log logBuffer
	s := &stub{hook: func(c auth.Credentials) {
		if c.Token == "ok-late" {
			time.Sleep(time.Minute)
		}
		if c.Token == "ok-in time" {
			time.Sleep(time.Second - time.Millisecond)
		}
	}}
	inBubble(t, &Server{Auth: s, Log: log.logger()}, func(t *testing.T, dial func() *peer) {
		p := dial().handshake()
		for range 5 { // the watchdog of one request never bites the next
			p.send(plainAuth(1, "alice", "ok-in time"))
			p.expect("OK\t1\tuser=in time")
		}
		start := time.Now()
		p.send(plainAuth(7, "alice", "ok-late"))
		p.expect("FAIL\t7\treason=" + auth.ReasonKeysUnavailable.ClientText() + "\ttemp\tcode=temp_fail")
		p.expectEnd()
		since(t, start, time.Second)
		p = dial().handshake()
		p.send(plainAuth(8, "alice", "ok-alice"))
		p.expect("OK\t8\tuser=alice")
		time.Sleep(2 * time.Minute)
	})
	if !strings.Contains(log.String(), "no decision in time") || strings.Contains(log.String(), "late") {
		t.Errorf("the log says %s", log.String())
	}
}

// TestStop: the request in hand is answered, an idle connection is closed at once and one with half a line a little
// later, and nothing new is accepted.
func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stub{hook: func(auth.Credentials) { time.Sleep(500 * time.Millisecond) }}
		l := newPipeListener()
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- (&Server{Auth: s}).Serve(ctx, l) }()
		idle, half, busy := l.dial(t).handshake(), l.dial(t).handshake(), l.dial(t).handshake()
		half.send("AUTH\t1\tPL")
		busy.send(plainAuth(1, "alice", "ok-alice"))
		synctest.Wait()
		start := time.Now()
		cancel()
		idle.expectEnd()
		since(t, start, 0)
		half.expectEnd()
		since(t, start, 500*time.Millisecond)
		busy.expect("OK\t1\tuser=alice")
		busy.expectEnd()
		if err := <-served; err != nil {
			t.Error(err)
		}
		since(t, start, 500*time.Millisecond)
	})
}

func TestStopLeavesAHangingDecisionBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stub{hook: func(auth.Credentials) { time.Sleep(time.Hour) }}
		l := newPipeListener()
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- (&Server{Auth: s}).Serve(ctx, l) }()
		p := l.dial(t).handshake()
		p.send(plainAuth(1, "alice", "ok-alice"))
		start := time.Now()
		cancel()
		p.expect("FAIL\t1\treason=" + auth.ReasonKeysUnavailable.ClientText() + "\ttemp\tcode=temp_fail")
		if err := <-served; err == nil {
			t.Error("the server does not say that a decision goes on")
		}
		since(t, start, 2500*time.Millisecond)
		time.Sleep(2 * time.Hour)
	})
}
