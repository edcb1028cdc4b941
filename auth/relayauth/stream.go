package relayauth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"usher/auth"
)

// A Stream is one that Prosody lets be resumed (XEP-0198).
type Stream struct {
	Host, Account string // what Prosody bound: the domain and the localpart
	Principal     auth.Principal
	TokenPrint    string // of the token that it was last logged in with; empty: it never had one
	Rights        string `json:",omitempty"` // a print of what its inner token granted; empty: nothing, or not known

	// Demoted says that the account was made less in a room than it was. Prosody's modules
	// may have given the session features for what it was, and may do so once more when
	// the stream is resumed, unless its inner token denies them.
	Demoted bool `json:",omitempty"`
}

// StreamPrint is what a [Stream] is remembered by: 32 hexadecimal characters for
// the domain that it is of and its identifier, which is a secret and is never kept. It
// is empty for an identifier that is not remembered: one that is empty or over 256
// bytes long.
func StreamPrint(host, resumption string) string {
	if resumption == "" || len(resumption) > auth.MaxResumption {
		return ""
	}
	sum := sha256.Sum256([]byte("stream\x00" + host + "\x00" + resumption))
	return hex.EncodeToString(sum[:16])
}

// Streams remember which streams of relay hosts can be resumed, and by whom. All
// methods but Await and RememberStream read nothing but memory.
type Streams interface {
	// Await waits until all is there that was kept over a restart, the sessions of the
	// streams included, and at most until ctx ends: then, or if that cannot be loaded, it is
	// an error. Until then StreamOf may overlook a stream, and [Rights] a session.
	Await(ctx context.Context) error

	// RememberStream remembers a stream that is connected, by its identifier. It is
	// durable when it returns nil.
	RememberStream(ctx context.Context, s Stream, resumption string) error

	// StreamOf returns the stream of a domain that has this identifier.
	StreamOf(host, resumption string) (Stream, bool)

	// EndStream notes that the connection of a stream is gone; with forGood the stream
	// is over, and is forgotten.
	EndStream(host, resumption string, forGood bool)
}
