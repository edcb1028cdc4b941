package relay

import (
	"context"

	"usher/auth"
	"usher/auth/relayauth"
	"usher/internal/loginid"
)

// Logins knows the logins of relay hosts, and which stream may be resumed by whom.
// Errors are [*auth.Refusal]s.
type Logins interface {
	// Begin decides about a login, and counts and logs what is refused.
	Begin(ctx context.Context, r relayauth.Request) (*relayauth.Login, error)
	// InnerToken returns a token for Prosody, which is good for a while; empty if none belongs on the
	// stream. It counts and logs what is refused.
	InnerToken(ctx context.Context, l *relayauth.Login) (string, error)
	// StillGood judges a login once more: before it is Prosody's to decide, and when its stream can be found.
	StillGood(ctx context.Context, l *relayauth.Login) error
	// Record records that Prosody bound an account, before the client learns it.
	Record(ctx context.Context, l *relayauth.Login, host, account string) error
	// RememberStream records by which identifier a stream can be resumed, before the
	// client learns it, or that the login has resumed it.
	RememberStream(ctx context.Context, l *relayauth.Login, host, account, resumption string) error
	// MayResume reports whether the login may resume that stream, and whose it is.
	MayResume(l *relayauth.Login, host, resumption string) (account string, ok bool)
	// Outdated reports whether a recorded login has other rights now than its stream was
	// given.
	Outdated(l *relayauth.Login) bool
	// StreamEnded notes that the connection of a stream is gone; with forGood the
	// stream is over at Prosody, too.
	StreamEnded(host, resumption string, forGood bool)
}

// Rooms decides who may join. It is asked in texts, and knows no XML.
type Rooms interface {
	// Join decides about an available presence to an address. When it returns, the
	// account is in the room what its token says; that takes 200 ms at most.
	Join(ctx context.Context, q JoinRequest) JoinAnswer
	// Conference is the same decision about a request to jicofo, without effects.
	Conference(ctx context.Context, q JoinRequest) JoinAnswer
	// Opens reports whether a token opens a room that an account, a bare JID, has asked to
	// enter; of a breakout room its main room. False where that is not known.
	Opens(id auth.Identity, account, room string) bool
	// Entered is told that Prosody is about to show an occupant its own presence.
	// What follows from that is written when it returns.
	Entered(ctx context.Context, q JoinRequest) error
	// Left is told that Prosody has shown an occupant out, or that its stream is over.
	Left(q JoinRequest)
	// Disconnected is told that an account's connection is gone. It may come back.
	Disconnected(account string)
	// Resumed is told that the stream of an account goes on, by another connection.
	Resumed(account string)
}

// A JoinRequest is who asks to join what.
type JoinRequest struct {
	Account    string // the bare JID that Prosody bound
	TokenPrint string // of the stream's token; empty: it has none
	To         string // the address as the client wrote it, bare or full
	Name       string // what the account calls itself, of a join; empty: nothing

	LoginID loginid.ID // of the stream's login
}

// A JoinAnswer is what becomes of a join.
type JoinAnswer struct {
	Allowed    bool   // also where the room itself holds the account back: Prosody answers
	Reason     string // of the closed list, for log and metric
	Text       string // for the person; it has no apostrophe
	Login      bool   // the token is over: another login helps
	NotStarted bool   // the account has to wait for a token holder
}
