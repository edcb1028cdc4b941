package dovecot

import (
	"errors"
	"strings"
	"unicode/utf8"
)

const mechanismBearer = "OAUTHBEARER"

// pairEnd ends each key-value pair, and the list of them once more.
const pairEnd = "\x01"

var (
	errBinding = errors.New("the client asks for channel binding")
	errGS2     = errors.New("the GS2 header cannot be read")
	errAuthzid = errors.New("the authzid cannot be read")
	errPairs   = errors.New("the key-value pairs cannot be read")
	errOneAuth = errors.New("not exactly one auth")
	errScheme  = errors.New("auth is not one Bearer token")
)

// parseBearer reads the client's first message of OAUTHBEARER (RFC 7628
// section 3.1). An empty auth, with which a client only asks where to get a
// token, gives an empty token.
func parseBearer(message string) (login, error) {
	header, pairs, found := strings.Cut(message, pairEnd)
	if !found {
		return login{}, errPairs
	}
	authzid, err := parseGS2(header)
	if err != nil {
		return login{}, err
	}
	credentials, err := findAuth(pairs)
	if err != nil {
		return login{}, err
	}
	token, err := parseBearerToken(credentials)
	if err != nil {
		return login{}, err
	}
	return login{authzid: authzid, token: token}, nil
}

// parseGS2 reads the GS2 header (RFC 5801 section 4): n or y, and an authzid
// if there is one.
func parseGS2(header string) (authzid string, err error) {
	binding, rest, found := strings.Cut(header, ",")
	switch {
	case strings.HasPrefix(binding, "p="):
		return "", errBinding
	case !found || binding != "n" && binding != "y":
		return "", errGS2
	}
	rest, found = strings.CutSuffix(rest, ",")
	if !found {
		return "", errGS2
	}
	if rest == "" {
		return "", nil
	}
	name, found := strings.CutPrefix(rest, "a=")
	if !found {
		return "", errGS2
	}
	return parseSASLName(name)
}

// parseSASLName undoes the two escapes of a saslname (RFC 5801 section 4).
func parseSASLName(name string) (string, error) {
	if name == "" || !utf8.ValidString(name) || strings.ContainsAny(name, ",\x00") {
		return "", errAuthzid
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(name, "=")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		switch {
		case strings.HasPrefix(after, "2C"):
			b.WriteByte(',')
		case strings.HasPrefix(after, "3D"):
			b.WriteByte('=')
		default:
			return "", errAuthzid
		}
		name = after[2:]
	}
}

// findAuth returns the value of the one pair auth. Other pairs, such as host
// and port, must only be well-formed.
func findAuth(pairs string) (string, error) {
	var auth string
	count := 0
	for pairs != pairEnd {
		pair, rest, ended := strings.Cut(pairs, pairEnd)
		key, value, found := strings.Cut(pair, "=")
		if !ended || !found || key == "" || strings.ContainsFunc(key, notLetter) ||
			strings.ContainsFunc(value, notPairValue) {
			return "", errPairs
		}
		if key == "auth" {
			auth = value
			count++
		}
		pairs = rest
	}
	if count != 1 {
		return "", errOneAuth
	}
	return auth, nil
}

// parseBearerToken reads the credentials of RFC 6750 section 2.1. A scheme
// has no case.
func parseBearerToken(credentials string) (string, error) {
	if credentials == "" {
		return "", nil
	}
	scheme, rest, found := strings.Cut(credentials, " ")
	token := strings.TrimLeft(rest, " ")
	if !found || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", errScheme
	}
	body := strings.TrimRight(token, "=")
	if body == "" || strings.ContainsFunc(body, notTokenByte) {
		return "", errScheme
	}
	return token, nil
}

func notLetter(r rune) bool { return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') }

func notPairValue(r rune) bool {
	return (r < ' ' || r > '~') && r != '\t' && r != '\r' && r != '\n'
}

func notTokenByte(r rune) bool {
	return notLetter(r) && (r < '0' || r > '9') && !strings.ContainsRune("-._~+/", r)
}
