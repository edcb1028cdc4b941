package gateway

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"usher/auth"
	"usher/auth/gateway/budget"
	"usher/auth/gateway/filter"
	"usher/auth/gateway/login"
	"usher/auth/gateway/websocket"
	"usher/internal/logattr"
	"usher/metrics"
)

// A session is one client's WebSocket and ours to Prosody.
type session struct {
	*Server
	ctx             context.Context
	settings        *Settings
	client, prosody websocket.Conn
	free            func()
	began           time.Time
	pinged          int64 // when it was asked last, in nanoseconds since 1970; of Server.keep alone
	share           *budget.Share
	progress        login.Progress
	early           bool // the message that is being read from the client began before that; of toProsody alone
	over            atomic.Bool
	parted          sync.WaitGroup // until both sides have been told of the end

	// Of the one goroutine that reads from the client:
	login    *login.Credentials // nil once logged in
	stream   filter.Stream
	jid      string // bare; empty for who came without a token
	failures int

	// Of the one that reads from Prosody:
	resumable *auth.Ticket // a login whose stream's identifier is to be remembered
}

// ofClient and ofProsody are what the two connections are opened with.
func (s *session) ofClient() websocket.Options {
	return websocket.Options{IdleTimeout: s.IdleTimeout, WriteTimeout: s.WriteTimeout, Trusted: s.progress.LoggedIn(), Buffers: &s.buffers, Share: s.share}
}

func (s *session) ofProsody() websocket.Options {
	return websocket.Options{Client: true, WriteTimeout: s.WriteTimeout, Buffers: &s.buffers, Share: s.share}
}

// run serves the session until it has ended.
func (s *session) run() {
	s.Metrics.Connected(metrics.TransportWebSocket, 1)
	var clientward sync.WaitGroup
	clientward.Go(func() { s.end(s.contained(s.toClient)) })
	e := s.contained(s.toProsody)
	s.end(e)
	s.parted.Wait()
	if !e.parted {
		// The client may take note of the end in peace: whoever closes while there
		// is something to be read has the other side lose what it was told.
		s.client.Discard(s.LingerTimeout)
	}
	_ = s.client.Close()
	clientward.Wait()
	s.sessions.remove(s)
	s.exchange.Cancel(s.progress.Abandon())
	s.free()
	s.Metrics.Connected(metrics.TransportWebSocket, -1)
}

// contained turns a panic into an end of this session alone.
func (s *session) contained(f func() *ending) (e *ending) {
	defer s.Panics.Recover(Door, "session", func() {
		e = endPolicy(metrics.EndedPanic, "internal-server-error", "The connection could not be served.")
	})
	return f()
}

// end ends the session; only the first reason counts.
func (s *session) end(e *ending) {
	if s.over.Swap(true) {
		return
	}
	defer s.parted.Done()
	s.Metrics.Ended(e.reason)
	s.Log.LogAttrs(context.Background(), slog.LevelDebug, "gateway session ended", slog.String("reason", e.reason.String()),
		logattr.Account(s.progress.Name()), slog.Duration("after", time.Since(s.began)))
	s.part(e)
}

// part tells both sides, and closes the connection to Prosody. A frame that is
// on its way has LingerTimeout to get there.
func (s *session) part(e *ending) {
	soon := time.Now().Add(s.LingerTimeout)
	s.client.SetFinalDeadline(soon)
	s.prosody.SetFinalDeadline(soon)
	if e.gone {
		_ = s.client.Close()
	} else {
		s.client.Finish(e.client, e.code, e.payload)
	}
	switch {
	case e.closeStream: // else Prosody would keep it for a client that resumes it, and sends the same again
		s.prosody.Finish(streamClose, websocket.StatusNormalClosure, nil)
	case e.tellProsody:
		s.prosody.Finish(nil, 0, e.payload)
	}
	_ = s.prosody.Close()
}
