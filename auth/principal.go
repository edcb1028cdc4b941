package auth

import (
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"

	"usher/internal/jid"
	"usher/internal/text"
)

// A Principal is whose token it is, as revocations see it: the person that an
// issuer names, or, for a token that names nobody, the token. Equal principals
// are the same; it is a key of maps.
type Principal struct {
	Host, Issuer string // of a person; empty for a token
	User         string // of a person: the account claim, folded
	Token        string // the thumbprint of a token that names nobody
}

// PersonPrincipal is the principal of everybody whom an issuer of a host calls
// by this name in the account claim. Letter case makes no other person.
func PersonPrincipal(host, issuer, user string) Principal {
	return Principal{Host: host, Issuer: issuer, User: foldCase(user)}
}

// TokenPrincipal is the principal of one token, by its thumbprint.
func TokenPrincipal(thumbprint string) Principal { return Principal{Token: thumbprint} }

// Principal returns whose the token is.
func (id Identity) Principal() Principal {
	if id.AccountClaim != "" {
		return PersonPrincipal(id.Host, id.Issuer, id.AccountClaim)
	}
	return TokenPrincipal(id.TokenPrint)
}

// foldCase maps texts that differ in letter case alone to one text. It folds
// rune by rune: a full folding would make one person of straße and strasse.
func foldCase(s string) string {
	if jid.IsASCII(s) {
		return jid.LowerASCII(s)
	}
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		if least >= 'A' && least <= 'Z' {
			least += 'a' - 'A'
		}
		return least
	}, s)
}

// ParseThumbprint reads a token's thumbprint ([Identity.TokenPrint]) as an
// operator writes it.
func ParseThumbprint(s string) (string, error) {
	s = jid.LowerASCII(strings.TrimSpace(s))
	if raw, err := hex.DecodeString(s); err != nil || len(raw) != printBytes {
		return "", fmt.Errorf("%q is no thumbprint of a token: it has %d hexadecimal characters, as usher sessions list and usher token explain print them", text.Name(s), 2*printBytes)
	}
	return s, nil
}
