package stream

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"usher/auth"
	"usher/auth/gateway/budget"
	"usher/auth/gateway/filter"
	"usher/auth/gateway/login"
	"usher/auth/gateway/relay"
	"usher/auth/gateway/websocket"
	"usher/internal/logattr"
	"usher/metrics"
)

// A Client says for whom a session is made, and within which bounds.
type Client struct {
	Connect      Connector
	MessageBytes int64         // of one message of the client
	Share        *budget.Share // for its messages in fragments
	Release      func()        // is called once when the session has ended
}

// A Session is one client's WebSocket and ours to Prosody.
type Session struct {
	sessions     *Sessions
	ctx          context.Context
	client       websocket.Conn
	prosody      atomic.Pointer[websocket.Conn] // nil until the stream has begun
	messageBytes int64
	share        *budget.Share
	release      func()
	began        time.Time
	pinged       int64 // when it was pinged last, in nanoseconds since 1970; of Sessions.Check alone
	progress     login.Progress
	over         atomic.Bool
	leaving      atomic.Bool    // the client is told that it has to go, and nothing else
	relay        *relay.Stream  // of a host whose Prosody verifies inner tokens
	told         sync.WaitGroup // until both sides have been told of the end

	// Of the one goroutine that reads from the client:
	connect  Connector          // nil once connected
	header   []byte             // of the stream, until Prosody has it
	login    *login.Credentials // nil once logged in
	stream   filter.Stream
	early    bool   // the message that is being read began before that
	account  string // bare JID; empty for a login without a token
	failures int

	// Of the one that reads from Prosody:
	resumable *auth.Ticket // a login whose stream's identifier is to be remembered
}

// New returns the session of a client that is still to be connected, by
// [Session.Accept].
func (t *Sessions) New(c Client) *Session {
	return &Session{
		sessions: t, connect: c.Connect, messageBytes: c.MessageBytes,
		share: c.Share, release: c.Release, began: time.Now(),
	}
}

// Protocol is the subprotocol of both connections (RFC 7395 section 3.1).
const Protocol = "xmpp"

// Accept answers the client's handshake. After an error the client has been answered.
func (s *Session) Accept(w http.ResponseWriter, r *http.Request) error {
	return websocket.Accept(&s.client, w, r, Protocol, s.sessions.WriteTimeout, s.optionsOfClient())
}

func (s *Session) optionsOfClient() websocket.Options {
	return websocket.Options{
		IdleTimeout: s.sessions.IdleTimeout, WriteTimeout: s.sessions.WriteTimeout,
		Trusted: s.progress.LoggedIn(),
	}
}

// store is what messages of either side are read into.
func (s *Session) store() websocket.Store {
	return websocket.Store{Buffers: &s.sessions.buffers, Share: s.share}
}

// Run serves the session in goroutines of its own. If all sessions have been told
// to stop it returns only when the client has been told so, too.
func (s *Session) Run() {
	if s.sessions.start(s) {
		return
	}
	var closing sync.WaitGroup
	closing.Go(func() { s.close(stopped()) })
	s.run()
	closing.Wait()
}

// run serves the session until it has ended.
func (s *Session) run() {
	s.sessions.Metrics.Connected(metrics.TransportWebSocket, 1)
	var clientward sync.WaitGroup
	why := s.contained(func() *closeReason {
		if why := s.apart(s.begin); why != nil {
			return why
		}
		clientward.Go(func() { s.close(s.contained(s.toClient)) })
		return s.toProsody()
	})
	s.close(why)
	s.told.Wait()
	if !why.byClient {
		s.client.Discard(s.sessions.LingerTimeout) // until the client has read why
	}
	_ = s.client.Close()
	clientward.Wait()
	if s.relay != nil {
		s.relay.Gone(false)
	}
	s.sessions.remove(s)
	s.sessions.Exchange.Cancel(s.progress.Abandon())
	s.release()
	s.sessions.Metrics.Connected(metrics.TransportWebSocket, -1)
}

// apart runs f in a goroutine of its own, and waits for it. A login needs a large stack, which a
// session that waits for its next message is not to keep.
func (s *Session) apart(f func() *closeReason) (why *closeReason) {
	var stack sync.WaitGroup
	stack.Go(func() { why = s.contained(f) })
	stack.Wait()
	return why
}

// contained makes a panic a reason to end this session alone.
func (s *Session) contained(f func() *closeReason) (why *closeReason) {
	defer s.sessions.Panics.Recover(login.Door, "session", func() {
		why = policy(metrics.EndedPanic, "internal-server-error", "The connection could not be served.")
	})
	return f()
}

// close ends the session; only the first reason counts.
func (s *Session) close(why *closeReason) {
	if s.over.Swap(true) {
		return
	}
	defer s.told.Done()
	if s.prosody.Load() != nil && s.relay != nil { // which is set before
		s.relay.Ended(why.closeStream)
	}
	s.sessions.Metrics.Ended(why.reason)
	s.sessions.Log.LogAttrs(s.ctx, slog.LevelDebug, "gateway session ended",
		slog.String("reason", why.reason.String()), logattr.Account(s.progress.Name()),
		slog.Duration("after", time.Since(s.began)))
	s.tell(why)
}

// tell tells both sides, and closes the connection to Prosody. A frame that is being
// written has LingerTimeout to be taken. Of the end of the stream Prosody is told first:
// a client that knows of it may come back at once, and would resume the stream.
func (s *Session) tell(why *closeReason) {
	soon := time.Now().Add(s.sessions.LingerTimeout)
	s.client.SetFinalDeadline(soon.Add(why.pause))
	if prosody := s.prosody.Load(); prosody != nil {
		prosody.SetFinalDeadline(soon)
	}
	if why.closeStream {
		s.leaving.Store(true) // or Prosody's answer would be the client's first
		s.tellProsody(why)
	}
	if why.pause > 0 {
		s.showOut(why)
	} else if why.closeStream { // Prosody may have had all the time
		s.client.SetFinalDeadline(time.Now().Add(s.sessions.LingerTimeout))
	}
	if why.gone {
		_ = s.client.Close()
	} else {
		s.client.Finish(why.client, why.code, why.payload)
	}
	if !why.closeStream {
		s.tellProsody(why)
	}
}

// showOut tells the client what its page shows at once, and leaves it the time for that.
func (s *Session) showOut(why *closeReason) {
	for _, text := range why.before {
		_ = s.client.Send(text)
	}
	after := time.NewTimer(why.pause)
	defer after.Stop()
	select {
	case <-after.C:
	case <-s.ctx.Done():
	}
}

func (s *Session) tellProsody(why *closeReason) {
	prosody := s.prosody.Load()
	if prosody == nil {
		return
	}
	switch {
	case why.closeStream: // else the client would resume the stream, and send the same again
		prosody.Finish(streamClose(), websocket.StatusNormalClosure, nil)
	case why.tellProsody:
		prosody.Finish(nil, 0, why.payload)
	}
	_ = prosody.Close()
}

// check is one session's part of [Sessions.Check]. It writes in a goroutine: a client
// that does not read must not delay the others.
func (s *Session) check(now time.Time) {
	if !s.progress.LoggedIn().Load() && now.Sub(s.began) > s.sessions.LoginTimeout {
		s.sessions.Go(func(context.Context) {
			s.close(policy(metrics.EndedLoginTimeout, "connection-timeout", "There was no login in time."))
		})
		return
	}
	if silent := now.UnixNano() - max(s.client.LastRead(), s.pinged); silent > int64(s.sessions.PingAfter) {
		s.pinged = now.UnixNano()
		s.sessions.Go(func(context.Context) { s.ping() })
	}
}

func (s *Session) ping() {
	if err := s.client.Ping(); err != nil {
		s.close(clientSlow(err))
	}
}
