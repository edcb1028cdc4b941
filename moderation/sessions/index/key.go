package index

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"usher/auth"
)

// An AccountKey is a bare JID in two parts, which need no memory of their own.
type AccountKey struct{ Domain, Account string }

// AccountOf splits a bare JID.
func AccountOf(jid string) AccountKey {
	account, domain, _ := strings.Cut(jid, "@")
	return AccountKey{domain, account}
}

// JID returns the bare JID.
func (k AccountKey) JID() string { return k.Account + "@" + k.Domain }

// A PrincipalID stands for an [auth.Principal] in memory, and is shorter.
type PrincipalID [16]byte

// PrincipalOf returns the ID of a principal.
func PrincipalOf(p auth.Principal) (id PrincipalID) {
	if p.Token != "" {
		return TokenID(p.Token)
	}
	text := make([]byte, 0, 256) // on the stack, as most are not longer
	text = append(text, "user"...)
	for _, part := range [...]string{p.Host, p.Issuer, p.User} { // none of them holds a NUL
		text = append(append(text, 0), part...)
	}
	sum := sha256.Sum256(text)
	return PrincipalID(sum[:len(id)])
}

// TokenID is that of the principal that a token is by itself.
func TokenID(thumbprint string) (id PrincipalID) {
	if len(thumbprint) == 2*len(id) {
		if _, err := hex.Decode(id[:], []byte(thumbprint)); err == nil {
			return id
		}
	}
	sum := sha256.Sum256([]byte("token\x00" + thumbprint))
	return PrincipalID(sum[:len(id)])
}
