// Package loginid answers one question: which login is this? A login at the gateway, the one that Prosody relays of it
// to another door, and the joins that rest on it have one [ID], in the log and among the last decisions. It starts no
// goroutine and has no lock.
package loginid

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"usher/internal/text"
)

// An ID names a login: 40 random bits, so that it tells nothing of how many there were. It is no secret, and nothing is
// decided by it. The zero value is none.
type ID uint64

const (
	bits    = 40
	perChar = 5
	// digits are those of Crockford's base 32: none is taken for another when it is read out.
	digits = "0123456789abcdefghjkmnpqrstvwxyz"
)

// New draws one.
func New() ID {
	for {
		if id := ID(rand.Uint64() >> (64 - bits)); id != 0 {
			return id
		}
	}
}

// String returns 8 characters of 0-9 and a-z, or nothing for none.
func (id ID) String() string {
	if id == 0 {
		return ""
	}
	var out [bits / perChar]byte
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = digits[id&(1<<perChar-1)]
		id >>= perChar
	}
	return string(out[:])
}

// Parse reads what [ID.String] writes, in either case.
func Parse(s string) (ID, error) {
	if s == "" {
		return 0, nil
	}
	if len(s) != bits/perChar {
		return 0, fmt.Errorf("%q names no login: it has %d characters, as the log has them after login=",
			text.Name(s), bits/perChar)
	}
	var id ID
	for _, c := range []byte(strings.ToLower(s)) {
		digit := strings.IndexByte(digits, c)
		if digit < 0 {
			return 0, fmt.Errorf("%q names no login: its characters are %s", text.Name(s), digits)
		}
		id = id<<perChar | ID(digit)
	}
	return id, nil
}

// MarshalText writes the form of String.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads it.
func (id *ID) UnmarshalText(b []byte) (err error) {
	*id, err = Parse(string(b))
	return err
}
