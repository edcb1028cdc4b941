package extauth

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// MaxQuery bounds a query's text in bytes. It keeps the first byte of a frame
// of ejabberd's below every letter, by which the framings are told apart.
const MaxQuery = 16 << 10

// A Framing is how queries and answers are told apart on a stream.
type Framing uint8

const (
	// Generic is a line for a query, and "1" or "0" and a newline for its
	// answer: mod_auth_external_insecure's external_auth_protocol "generic".
	Generic Framing = iota + 1

	// Ejabberd has a length of two bytes, the high one first, before each
	// query. An answer is a frame of two bytes, 0 1 or 0 0 (ejabberd's
	// developer guide, "External").
	Ejabberd
)

// errTooLong is for a query over MaxQuery.
var errTooLong = errors.New("a query over 16 KiB")

// FramingOf tells the framing of a connection by its first byte: the name of
// an operation begins with a letter, and the length of a query never does.
func FramingOf(first byte) Framing {
	if first <= MaxQuery>>8 {
		return Ejabberd
	}
	return Generic
}

// Split cuts the first query off what was read. If it is not complete, ok is
// false. The error is for a query that is too long, whether it is complete or
// not.
func (f Framing) Split(in []byte) (query, rest []byte, ok bool, err error) {
	if f == Ejabberd {
		return splitFrame(in)
	}
	return splitLine(in)
}

func splitLine(in []byte) (query, rest []byte, ok bool, err error) {
	query, rest, ok = bytes.Cut(in, []byte{'\n'})
	switch {
	case len(query) > MaxQuery:
		return nil, nil, false, errTooLong
	case !ok:
		return nil, in, false, nil
	}
	return query, rest, true, nil
}

const lengthBytes = 2

func splitFrame(in []byte) (query, rest []byte, ok bool, err error) {
	if len(in) < lengthBytes {
		return nil, in, false, nil
	}
	end := lengthBytes + int(binary.BigEndian.Uint16(in))
	switch {
	case end > lengthBytes+MaxQuery:
		return nil, nil, false, errTooLong
	case len(in) < end:
		return nil, in, false, nil
	}
	return in[lengthBytes:end], in[end:], true, nil
}

// AppendQuery appends a query as a server sends it. The text must not be
// longer than MaxQuery, and hold no newline where the framing is Generic.
func (f Framing) AppendQuery(dst []byte, text string) []byte {
	if f == Ejabberd {
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(text)))
		return append(dst, text...)
	}
	return append(append(dst, text...), '\n')
}

// Answer returns an answer's bytes.
func (f Framing) Answer(yes bool) string {
	switch {
	case f == Ejabberd && yes:
		return "\x00\x02\x00\x01"
	case f == Ejabberd:
		return "\x00\x02\x00\x00"
	case yes:
		return "1\n"
	}
	return "0\n"
}
