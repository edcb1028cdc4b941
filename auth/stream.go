package auth

import (
	"crypto/sha256"
	"encoding/hex"
)

// A Stream is one that Prosody lets be resumed (XEP-0198).
type Stream struct {
	Host, Account string // what Prosody bound: the domain and the localpart
	Principal     Principal
	TokenPrint    string // of the token that it was last logged in with; empty: it never had one
	Rights        string `json:",omitempty"` // a print of what its inner token granted; empty: nothing, or not known
}

// StreamPrint is what a [Stream] is remembered by: 32 hexadecimal characters for
// the domain that it is of and its identifier, which is a secret and is never kept. It
// is empty for an identifier that is not remembered: one that is empty or over 256
// bytes long.
func StreamPrint(host, resumption string) string {
	if resumption == "" || len(resumption) > maxResumption {
		return ""
	}
	sum := sha256.Sum256([]byte("stream\x00" + host + "\x00" + resumption))
	return hex.EncodeToString(sum[:16])
}
