package extauth

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"time"

	"usher/auth"
	"usher/internal/connpool"
	"usher/internal/panics"
)

// Door is the name of this door in logs and metrics.
const Door = "extauth"

// An Authenticator decides about one login, and knows which accounts there
// are. The error is an [*auth.Refusal].
type Authenticator interface {
	Authenticate(ctx context.Context, c auth.Credentials) (auth.Identity, error)
	// Exists may wait until ctx ends. An error means that it cannot be told.
	Exists(ctx context.Context, host, name string) (bool, error)
}

// A Server answers queries on the connections of a listener. Its fields must
// not change once [Server.Serve] runs.
type Server struct {
	Auth Authenticator
	Log  *slog.Logger // nil: no log

	// Panics writes down what the code does not survive; the login is refused.
	Panics *panics.Reporter // nil: nothing is written

	// QueryTimeout is for a query from its first byte to its last. Zero means
	// 10 s. A connection without a query may stay for ever.
	QueryTimeout time.Duration

	// ReplyTimeout is for one decision, and then once more for writing the
	// answer; zero means 1 s. After it the query is refused and the connection
	// closes. Prosody gives up after 5 s, and usher extauth after 3 s.
	ReplyTimeout time.Duration
}

// withDefaults returns a copy in which no limit is zero.
func (s *Server) withDefaults() *Server {
	r := *s
	if r.Log == nil {
		r.Log = slog.New(slog.DiscardHandler)
	}
	r.QueryTimeout = cmp.Or(r.QueryTimeout, 10*time.Second)
	r.ReplyTimeout = cmp.Or(r.ReplyTimeout, time.Second)
	return &r
}

// Serve answers on the connections of l until ctx ends, and closes l. It then
// returns nil, after the queries in hand were answered; idle connections are
// closed. An error means that l was closed from outside, or that Auth did
// not return.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	r := s.withDefaults()
	p := &connpool.Pool{
		Name: Door, Log: r.Log, Panics: r.Panics, Grace: 2 * r.ReplyTimeout,
		New: func(ctx context.Context, nc net.Conn, id uint64) connpool.Conn { return newConn(ctx, r, nc, id) },
	}
	return p.Serve(ctx, l)
}
