package dovecot

import "usher/auth"

const mechanismAnonymous = "ANONYMOUS"

// parseAnonymous reads the message of ANONYMOUS (RFC 4505 section 2): a
// trace, by which clients say who they might be. Here it is a ticket that
// somebody in front of Prosody put there; any other trace proves nothing.
func parseAnonymous(message string) (login, error) {
	if !auth.IsTicket(message) {
		return login{}, nil
	}
	return login{token: message}, nil
}
