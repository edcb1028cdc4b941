package auth

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

// A RelayLogin is a login that may go on to Prosody. Its account is known only when
// Prosody has bound it.
type RelayLogin struct {
	// ID is what the token proves. Its Account is empty. Without a token TokenPrint
	// is empty, too.
	ID Identity

	// Resumes is the account, a localpart, of the stream that the request names and
	// may resume; empty: the identifier must not go on.
	Resumes string

	// OnlyResumes says that the token is over, and that nothing else is wrong with
	// it: nothing but that resumption may follow.
	OnlyResumes bool
}
