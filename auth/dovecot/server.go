package dovecot

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
const Door = "dovecot"

// An Authenticator decides about one login. The error is an [*auth.Refusal];
// any other is treated as [auth.ReasonInternalError].
type Authenticator interface {
	Authenticate(ctx context.Context, c auth.Credentials) (auth.Identity, error)
}

// A Server answers logins on the connections of a listener. Its fields must
// not change once [Server.Serve] runs.
type Server struct {
	Auth Authenticator
	Log  *slog.Logger // nil: no log

	// Panics writes down what the code does not survive; the login is refused.
	Panics *panics.Reporter // nil: nothing is written

	// Anonymous has ANONYMOUS announced, and so offered to Prosody's clients.
	// Its trace must be a ticket; it is answered in either case.
	Anonymous bool

	// MaxLine bounds a line in bytes, without its LF; zero means 32 KiB. The
	// request on a longer line is refused, and the connection stays, as it
	// belongs to all users of a Prosody. A line over MaxDiscard bytes closes
	// it; zero means 4 MiB.
	MaxLine    int
	MaxDiscard int

	// HandshakeTimeout is for VERSION and CPID from the start of the
	// connection, LineTimeout from the first byte of a line to its end. Zero
	// means 10 s. A connection without a line may stay for ever.
	HandshakeTimeout time.Duration
	LineTimeout      time.Duration

	// WriteTimeout is the most that one reply may take to be written, and
	// half of it the least. Zero means 1 s.
	WriteTimeout time.Duration

	// StopTimeout is, once the server stops, for the rest of a handshake or of a line that has begun, and for
	// requests that were sent in one go; zero means 500 ms.
	StopTimeout time.Duration

	// Leave, if not nil, takes over each connection that is between two requests when the server stops: its
	// handshake is done, all that was read of it is answered, and nothing of the next request was read. It came by a
	// [listen.Listener], which counts it no longer. proven says that a login on it was let in.
	Leave func(nc net.Conn, proven bool)

	// ReplyTimeout is for one decision of Auth; zero means 1 s. After it the
	// login fails for the time being and the connection closes.
	ReplyTimeout time.Duration
}

// withDefaults returns a copy in which no limit is zero.
func (s *Server) withDefaults() *Server {
	r := *s
	if r.Log == nil {
		r.Log = slog.New(slog.DiscardHandler)
	}
	r.MaxLine = cmp.Or(r.MaxLine, 32<<10)
	r.MaxDiscard = cmp.Or(r.MaxDiscard, 4<<20)
	r.HandshakeTimeout = cmp.Or(r.HandshakeTimeout, 10*time.Second)
	r.LineTimeout = cmp.Or(r.LineTimeout, 10*time.Second)
	r.WriteTimeout = cmp.Or(r.WriteTimeout, time.Second)
	r.StopTimeout = cmp.Or(r.StopTimeout, 500*time.Millisecond)
	r.ReplyTimeout = cmp.Or(r.ReplyTimeout, time.Second)
	return &r
}

// Serve answers on the connections of l until ctx ends, and closes l. It then
// returns nil, after the requests in hand were answered; idle connections are
// closed, or given to Leave. An error means that l was closed from outside, or that Auth did
// not return.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	r := s.withDefaults()
	p := &connpool.Pool{
		Name: Door, Log: r.Log, Panics: r.Panics,
		// Each request is answered by then, if only by its watchdog.
		Grace: r.StopTimeout + r.ReplyTimeout + r.WriteTimeout,
		New:   func(ctx context.Context, nc net.Conn, id uint64) connpool.Conn { return newConn(ctx, r, nc, id) },
	}
	return p.Serve(ctx, l)
}
