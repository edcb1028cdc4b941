package stream

import (
	"context"

	"usher/auth/gateway/login"
	"usher/auth/gateway/relay"
	"usher/auth/gateway/websocket"
	"usher/metrics"
)

// A Connector finds the way of a stream to Prosody, once it is known for which host it
// is, as the client writes it. The error is a [*Refused].
type Connector func(ctx context.Context, host string) (Link, error)

// A Link is the way of a stream to Prosody.
type Link struct {
	Prosody *websocket.Conn   // nil if the login is refused
	Login   login.Credentials // of a host whose logins become tickets
	Relay   *relay.Client     // of a host whose Prosody verifies inner tokens; nil: of another
	Failure string            // the answer to a login that is refused, an element
}

// A Refused says why a stream finds no way to Prosody.
type Refused struct {
	Reason    metrics.Ending
	Condition string // of RFC 6120 section 4.9.3
	Text      string // for the person
}

// Error implements error.
func (r *Refused) Error() string { return r.Condition }

// ProsodyOptions are those of a connection to Prosody.
func (o *Options) ProsodyOptions() websocket.Options {
	return websocket.Options{Client: true, WriteTimeout: o.WriteTimeout}
}
