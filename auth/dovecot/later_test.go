package dovecot

import (
	"context"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
)

// after are sessions of which a login changes something else.
type after struct {
	*authtest.Sessions
	then func()
}

func (s after) Record(ctx context.Context, id auth.Identity) (func(), error) {
	_, err := s.Sessions.Record(ctx, id)
	return s.then, err
}

// TestAnswerFirst: Prosody has its answer before anything is done that can wait for it.
func TestAnswerFirst(t *testing.T) {
	answered, done := make(chan struct{}), make(chan bool, 1)
	sessions := after{authtest.NewSessions(nil), func() {
		select {
		case <-answered:
			done <- true
		case <-time.After(10 * time.Second):
			done <- false
		}
	}}
	v, err := auth.New(authtest.Config(benchHost), auth.Options{Sessions: sessions})
	if err != nil {
		t.Fatal(err)
	}
	p := dial(t, unixServer(t, &Server{Auth: v})).handshake()
	p.send(plainAuth(1, "alice", authtest.Token(t, authtest.Claims(benchHost, nil))))
	if line := p.line(); !strings.HasPrefix(line, "OK\t1\t") {
		t.Fatal(line)
	}
	close(answered)
	if !<-done {
		t.Error("it was done before the answer")
	}
}
