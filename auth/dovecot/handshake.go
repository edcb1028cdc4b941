package dovecot

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
)

// The protocol's version. The minor number is for information; a client of
// any 1.x is welcome (Prosody's module says 1.1).
const (
	versionMajor = 1
	versionMinor = 2
)

// A handshake is how far the client's half of it has come.
type handshake uint8

const (
	wantVersion handshake = iota
	wantProcess
	handshakeDone
)

var errVersion = errors.New("a client of another major version")

// appendGreeting appends the server's half of the handshake. The mechanisms
// are what Prosody will offer to its users, and their order is ours.
func appendGreeting(dst []byte, pid int, connection uint64, anonymous bool) []byte {
	var cookie [16]byte
	_, _ = rand.Read(cookie[:]) // it never fails, and crashes the program if it would
	dst = fmt.Appendf(dst, "VERSION\t%d\t%d\nMECH\t%s\tplaintext\nMECH\t%s\tplaintext\n", versionMajor, versionMinor,
		mechanismPlain, mechanismBearer)
	if anonymous {
		dst = fmt.Appendf(dst, "MECH\t%s\tanonymous\n", mechanismAnonymous)
	}
	return fmt.Appendf(dst, "SPID\t%d\nCUID\t%d\nCOOKIE\t%s\nDONE\n", pid, connection, hex.EncodeToString(cookie[:]))
}

// advance reads one line of the client's half: VERSION comes first, then
// CPID, and nothing else.
func (h handshake) advance(line []byte) (handshake, error) {
	fields := fieldReader{rest: line}
	name, err := fields.next()
	if err != nil {
		return h, errNoProtocol
	}
	number, err := fields.number()
	switch {
	case err != nil:
		return h, errNoProtocol
	case h == wantVersion && string(name) == "VERSION" && number == versionMajor:
		return wantProcess, nil
	case h == wantVersion && string(name) == "VERSION":
		return h, errVersion
	case h == wantProcess && string(name) == "CPID":
		return handshakeDone, nil
	}
	return h, errNoProtocol
}
