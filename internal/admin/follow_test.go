package admin

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"testing"

	"usher/internal/recent"
)

// quiet are decisions of which there are none. It says when a follower has joined.
type quiet struct {
	Decisions
	joined chan struct{}
}

func (q quiet) Follow(ctx context.Context, f recent.Filter, take func([]recent.Decision) error) error {
	return q.Decisions.Follow(ctx, f, func(list []recent.Decision) error {
		defer close(q.joined)
		return take(list)
	})
}

// TestFollowQuiet: a follower who has not been told of anything yet learns that the daemon ended it, and is not told that
// there is none.
func TestFollowQuiet(t *testing.T) {
	m, _ := audited(stand{})
	q := quiet{recent.NewDecisions(nil), make(chan struct{})}
	m.server.Decisions = q
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	srv := &http.Server{Handler: m.mux, BaseContext: func(net.Listener) context.Context { return ctx }}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	ended := make(chan error, 1)
	go func() {
		ended <- Follow(t.Context(), path, DecisionsPath+"?follow=true", func(Decision) error { return nil })
	}()
	<-q.joined
	stop()
	if err := <-ended; !errors.Is(err, ErrCutOff) {
		t.Error(err)
	}
	_ = srv.Close()
	<-served
}
