package dovecot

import "usher/auth"

const mechanismAnonymous = "ANONYMOUS"

// parseAnonymous reads the message of ANONYMOUS (RFC 4505 section 2): a trace, which
// proves nothing unless it is a ticket. The gateway, in front of Prosody, puts one
// there.
func parseAnonymous(message string) (login, error) {
	if !auth.IsTicket(message) {
		return login{}, nil
	}
	return login{token: message}, nil
}
