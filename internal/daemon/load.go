package daemon

import (
	"context"
	"log/slog"
	"runtime/debug"

	"usher/auth/relayauth"
	"usher/internal/footprint"
	"usher/internal/logattr"
	"usher/moderation/sessions"
	"usher/moderation/streams"
)

// load brings what the state kept, behind the open doors: a login wants the revocations alone.
// If it cannot, nobody is let in from then on, as nobody was if that was known before the
// doors opened; the daemon stays, so that Prosody is told so at once.
func (p *roomParts) load(ctx context.Context, log *slog.Logger) error {
	err := p.sessions.Load(ctx, p.lobby.Load, p.streams.Load, p.occupancy.Load)
	if err != nil && ctx.Err() == nil {
		log.Error("the state cannot be loaded, nobody is let in", logattr.Err(err))
	}
	debug.FreeOSMemory() // reading the state took more than keeping it
	if err := footprint.ReleaseProgram(); err != nil {
		log.Debug("the program's pages stay", logattr.Err(err))
	}
	return nil
}

// loaded is a task that begins once everything is there that the state kept: until then an
// assignment lacks its session, and a room what is known of it.
func (p *roomParts) loaded(name string, run func(ctx context.Context) error) task {
	return task{name, func(ctx context.Context) error {
		select {
		case <-p.sessions.Loaded():
		case <-ctx.Done():
			return nil
		}
		if !p.sessions.IsLoaded() {
			<-ctx.Done()
			return nil
		}
		return run(ctx)
	}}
}

// keptStreams are the streams of relay hosts that can be resumed, and their sessions.
type keptStreams struct {
	*streams.Streams
	sessions *sessions.Sessions
}

var _ relayauth.Streams = keptStreams{}

// Await waits until all are there that the state kept.
func (s keptStreams) Await(ctx context.Context) error { return s.sessions.Await(ctx) }
