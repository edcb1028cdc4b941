package daemon

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"usher/internal/memory"
	"usher/lobby"
	"usher/moderation/moderationtest"
	"usher/moderation/occupancy"
	"usher/moderation/streams"
)

// brokenStreams are in a state of which they cannot be read.
type brokenStreams struct {
	*memory.Store
	err error
}

func (b brokenStreams) LoadStreams(context.Context) ([]streams.Stream, error) { return nil, b.err }

// TestLoad: what stands on the state begins once all of it is there, and never where it cannot be read: then nobody is let
// in, and the status says why. The daemon goes on to say so.
func TestLoad(t *testing.T) {
	for name, broken := range map[string]error{"good": nil, "broken": errors.New("a row of streams cannot be read")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := moderationtest.NewWorld(t, moderationtest.WorldOptions{Unloaded: true})
				store := brokenStreams{memory.New(), broken}
				p := &roomParts{sessions: w.Sessions, lobby: lobby.New(store, lobby.Options{}), streams: streams.New(store, streams.Options{}),
					occupancy: occupancy.New(store, w.Sessions.Rooms(), occupancy.Options{})}
				ctx, cancel := context.WithCancel(t.Context())
				ended, began := make(chan error, 1), false
				go func() {
					ended <- p.loaded("after", func(ctx context.Context) error { began = true; <-ctx.Done(); return nil }).run(ctx)
				}()
				synctest.Wait()
				if began || !strings.Contains(p.sessions.Missing(), "starting") {
					t.Errorf("before: it has begun: %v; missing: %q", began, p.sessions.Missing())
				}
				if err := p.load(ctx, slog.New(slog.DiscardHandler)); err != nil {
					t.Errorf("loading ends the daemon: %v", err)
				}
				synctest.Wait()
				missing := p.sessions.Missing()
				if began != (broken == nil) || strings.Contains(missing, "a row of streams") != (broken != nil) {
					t.Errorf("afterwards: it has begun: %v; missing: %q", began, missing)
				}
				err := w.Record(ctx, w.Identity("alice", "t", "*"))
				if !errors.Is(err, broken) {
					t.Errorf("a login: %v", err)
				}
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}
