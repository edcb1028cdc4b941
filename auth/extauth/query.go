package extauth

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"usher/auth"
)

// The operations that are more than refused.
const (
	opAuth   = "auth"
	opIsUser = "isuser"
)

// isKnown reports whether an operation is one of the protocol's that is not done
// here: accounts come from tokens.
func isKnown(operation string) bool {
	switch operation {
	case "setpass", "tryregister", "removeuser", "removeuser3", "certauth":
		return true
	}
	return false
}

// A query is what a server asks.
type query struct {
	operation string // opAuth or opIsUser
	user      string // JID localpart, as the server prepared it
	host      string // virtual host
	password  string // of opAuth: a token or a ticket
}

var (
	errNotText   = errors.New("the query is not UTF-8, or a name holds a control character")
	errFields    = errors.New("the query is not operation, user, host and, for auth, password, with colons between")
	errEmptyName = errors.New("the user or the host is empty")
)

// parseQuery reads one query without its framing. A password may hold
// colons; a user and a host cannot.
func parseQuery(text []byte) (query, *auth.Refusal) {
	operation, rest, _ := strings.Cut(string(text), ":")
	q := query{operation: operation}
	ok := true
	switch operation {
	case opAuth:
		q.user, rest, ok = strings.Cut(rest, ":")
		if ok {
			q.host, q.password, ok = strings.Cut(rest, ":")
		}
	case opIsUser:
		q.user, q.host, ok = strings.Cut(rest, ":")
		ok = ok && !strings.Contains(q.host, ":")
	default:
		return query{}, refuseOperation(operation)
	}
	switch {
	case !ok:
		return query{}, malformed(errFields)
	case !utf8.Valid(text) || strings.ContainsFunc(q.user, unicode.IsControl) ||
		strings.ContainsFunc(q.host, unicode.IsControl):
		return query{}, malformed(errNotText)
	case q.user == "" || q.host == "":
		return query{}, malformed(errEmptyName)
	}
	return q, nil
}

func malformed(err error) *auth.Refusal {
	return auth.Refuse(auth.ReasonMalformedRequest, "%v; look at what connects to listen.extauth", err)
}

// refuseOperation names only what is known: the rest may be anything, a
// password among it.
func refuseOperation(name string) *auth.Refusal {
	if isKnown(name) {
		return auth.Refuse(auth.ReasonUnsupportedRequest,
			"%s is not done here; have the client log in with a token, accounts come from those", name)
	}
	return auth.Refuse(auth.ReasonUnsupportedRequest, "an unknown operation; look at what connects to listen.extauth")
}
