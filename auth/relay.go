package auth

import (
	"time"

	"usher/auth/inner"
	"usher/auth/keys"
)

// A RelayRequest is what a connection brings for a host whose Prosody verifies
// inner tokens itself.
type RelayRequest struct {
	// Credentials has the door, the relay host (for its guest host, too), the token,
	// the identifier of the stream to be resumed, and the problem.
	Credentials

	Guest string // the guest host that the stream is for; empty: the relay host itself

	// Room and Tenant are room= and prefix= of the address, each percent-decoded
	// once, or empty.
	Room, Tenant string
}

// domain is that of the stream.
func (r *RelayRequest) domain() string {
	if r.Guest != "" {
		return r.Guest
	}
	return r.Host
}

// A RelayLogin is a login that may go on to Prosody. Its account is known only when
// Prosody has bound it. Who calls [Verifier.RecordRelay] or
// [Verifier.InnerToken] with it keeps other calls of those with it from running meanwhile.
type RelayLogin struct {
	// ID is what the token proves, and the Account once it is recorded. Without a token
	// it is Anonymous, and has no TokenPrint. The account is a random one that Prosody
	// draws, whatever the token names; so it can be no service account, and no claim
	// is compared with those.
	ID Identity

	// Resumes is the account, a localpart, of the stream that the request names and
	// may resume; empty: the identifier must not go on.
	Resumes string

	// OnlyResumes says that the token is over, and that nothing else is wrong with
	// it: nothing but that resumption may follow. ID.TokenPrint is then that of the
	// stream.
	OnlyResumes bool

	// NewRights says that the inner token grants other rights than the stream has that
	// Resumes names. A Prosody that keeps a stream's rights when it is resumed must not
	// resume it. It is known when the inner token is made.
	NewRights bool

	said, given string // prints of the rights: in the stream's inner token, and when the login was recorded

	door       string
	form       *inner.Form // nil: no inner token belongs on the stream
	address    inner.Login // its Room and Tenant
	resumption string      // of the stream that may be resumed
	stream     Stream      // that stream
	end        time.Time   // of the token; zero: none
	began      time.Time
	took       time.Duration
	signed     signed // the last inner token
}

// principal is whose the login is, as streams have it. It is zero without a token.
func (l *RelayLogin) principal() Principal {
	if l.ID.Anonymous {
		return Principal{}
	}
	return l.ID.Principal()
}

// A RelayConfig makes a host one whose Prosody verifies tokens itself: Jitsi's own
// modules, which are given inner tokens.
type RelayConfig struct {
	// Rules are those of the inner token. What the host's own settings say is filled in:
	// Host and Tenants.
	inner.Rules

	Key         keys.InnerKey // signs the inner tokens; no issuer may have what verifies them
	KeepExpired bool          // a stream is resumed by a token that is over (moderation.on_expiry: keep)
	GuestsStart bool          // logins without a token are let in

	// AllowEmptyToken has such a login go on without an inner token, as Prosody's option
	// of that name takes it: its modules then see that there was no token.
	AllowEmptyToken bool
}
