package dovecot

import (
	"bytes"
	"errors"
	"math"
	"strings"
)

// A line of the protocol is a list of fields with a TAB between them and an
// LF at the end. Bytes that mean something to the framing are escaped by 0x01.
const escapeByte = 0x01

// plainly are the bytes that need escaping, in the order of escapedAs.
const (
	plainly   = "\x00\x01\t\n\r"
	escapedAs = "01tnr"
)

var (
	errEscape     = errors.New("an unknown escape sequence")
	errNotNumber  = errors.New("not a number of 32 bits")
	errNoProtocol = errors.New("not a line of the protocol")
)

// appendEscaped appends s as one field, or a part of one. What it appends
// holds no TAB, LF, CR or NUL.
func appendEscaped(dst []byte, s string) []byte {
	if !strings.ContainsAny(s, plainly) {
		return append(dst, s...)
	}
	for i := range len(s) {
		if at := strings.IndexByte(plainly, s[i]); at >= 0 {
			dst = append(dst, escapeByte, escapedAs[at])
		} else {
			dst = append(dst, s[i])
		}
	}
	return dst
}

// unescape returns the field's value: the field itself if nothing is escaped.
func unescape(field []byte) ([]byte, error) {
	if bytes.IndexByte(field, escapeByte) < 0 {
		return field, nil
	}
	value := make([]byte, 0, len(field))
	for i := 0; i < len(field); i++ {
		if field[i] != escapeByte {
			value = append(value, field[i])
			continue
		}
		if i++; i == len(field) {
			return nil, errEscape
		}
		at := strings.IndexByte(escapedAs, field[i])
		if at < 0 {
			return nil, errEscape
		}
		value = append(value, plainly[at])
	}
	return value, nil
}

// A fieldReader walks over the fields of one line, which is without its LF.
type fieldReader struct {
	rest []byte
	done bool
}

// more reports whether next has another field to return.
func (f *fieldReader) more() bool { return !f.done }

// next returns the next field's value. After the last one it returns an
// empty field.
func (f *fieldReader) next() ([]byte, error) {
	field, rest, found := bytes.Cut(f.rest, []byte{'\t'})
	f.rest, f.done = rest, !found
	return unescape(field)
}

// number returns the next field as an unsigned decimal number of 32 bits.
func (f *fieldReader) number() (uint32, error) {
	field, err := f.next()
	if err != nil || len(field) == 0 || len(field) > len("4294967295") {
		return 0, errNotNumber
	}
	var n uint64
	for _, digit := range field {
		if digit < '0' || digit > '9' {
			return 0, errNotNumber
		}
		n = n*10 + uint64(digit-'0')
	}
	if n > math.MaxUint32 {
		return 0, errNotNumber
	}
	return uint32(n), nil
}
