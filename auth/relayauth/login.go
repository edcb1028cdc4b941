package relayauth

import (
	"net/netip"
	"time"

	"usher/auth"
	"usher/auth/inner"
)

// A Request is what a connection brings for a host whose Prosody verifies inner tokens
// itself.
type Request struct {
	// Credentials has the door, the relay host (for its guest host, too), the token,
	// the identifier of the stream to be resumed, and the problem.
	auth.Credentials

	Guest string // the guest host that the stream is for; empty: the relay host itself

	Network netip.Prefix // of the client; invalid: not known

	// Room and Tenant are room= and prefix= of the address, each percent-decoded
	// once, or empty.
	Room, Tenant string
}

// domain is that of the stream.
func (r *Request) domain() string {
	if r.Guest != "" {
		return r.Guest
	}
	return r.Host
}

// A Login may go on to Prosody. Its account is known only when Prosody has bound it. Who
// calls [Logins.Record] or [Logins.InnerToken] with it keeps other calls of those with it
// from running meanwhile.
type Login struct {
	// ID is what the token proves, and the Account once it is recorded. Without a token
	// it is Anonymous, and has no TokenPrint. The account is a random one that Prosody
	// draws, whatever the token names; so it can be no service account, and no claim
	// is compared with those.
	ID auth.Identity

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

	demoted     bool   // as the stream is that it resumes, if it has no more rights now
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
func (l *Login) principal() auth.Principal {
	if l.ID.Anonymous {
		return auth.Principal{}
	}
	return l.ID.Principal()
}

// known reports whether the session of a login's token was there before the login.
func (l *Login) known() bool { return l.Resumes != "" && l.stream.TokenPrint == l.ID.TokenPrint }

// mayHaveFeatures reports whether features may be left to the role in the room, where the
// token says nothing of them.
func (l *Login) mayHaveFeatures(moderator bool) bool {
	return !l.stream.Demoted || moderator || l.form.HasFeatures()
}

// MayGain reports whether a login that resumes a stream has rights by another token than
// the stream's. Tokens give rights in the rooms that they open, and the stream may be in
// others. It is known when the inner token is made.
func (l *Login) MayGain() bool { return l.NewRights && l.ID.TokenPrint != l.stream.TokenPrint }

// leavesSession is false for a guest without a token.
func (l *Login) leavesSession() bool { return !l.ID.Anonymous || l.ID.Domain == "" }

func (l *Login) streamOf(account string) Stream {
	return Stream{Host: l.ID.AccountDomain(), Account: account, Principal: l.principal(), TokenPrint: l.ID.TokenPrint,
		Rights: l.said, Demoted: l.demoted}
}

// credentials are what refusals of the login are logged by.
func (l *Login) credentials() *auth.Credentials {
	return &auth.Credentials{Door: l.door, Host: l.ID.Host}
}
