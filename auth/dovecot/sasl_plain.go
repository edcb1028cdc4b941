package dovecot

import (
	"errors"
	"strings"
	"unicode/utf8"
)

const mechanismPlain = "PLAIN"

// A login is what a SASL message says.
type login struct {
	authzid string // authorization identity, or empty
	name    string // authentication identity; OAUTHBEARER has none
	token   string // may be empty, which the Authenticator refuses
}

var (
	errUTF8    = errors.New("the response is not UTF-8")
	errNULs    = errors.New("the response is not authzid, NUL, authcid, NUL, password")
	errNoName  = errors.New("the authcid is empty")
	errNoLogin = errors.New("the response is empty")
)

// parsePlain reads the message of PLAIN (RFC 4616 section 2). The password
// is the token.
func parsePlain(message string) (login, error) {
	if message == "" {
		return login{}, errNoLogin
	}
	if !utf8.ValidString(message) {
		return login{}, errUTF8
	}
	authzid, rest, one := strings.Cut(message, "\x00")
	name, password, two := strings.Cut(rest, "\x00")
	if !one || !two || strings.Contains(password, "\x00") {
		return login{}, errNULs
	}
	if name == "" {
		return login{}, errNoName
	}
	return login{authzid: authzid, name: name, token: password}, nil
}
