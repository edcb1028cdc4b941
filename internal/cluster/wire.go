package cluster

import (
	"encoding/binary"
	"errors"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Everything is written in tagged fields, so that fields can be added: who does not know one
// skips it.

var errWire = errors.New("this is no entry")

// A wired is a field as it was read.
type wired struct {
	n protowire.Number
	t protowire.Type
	v uint64
	b []byte
}

// walk reads fields one after the other. A number may come twice only if it is above
// repeated.
func walk(b []byte, repeated protowire.Number, each func(wired) error) error {
	var seen uint64
	for len(b) > 0 {
		n, t, size := protowire.ConsumeTag(b)
		if size < 0 {
			return errWire
		}
		f := wired{n: n, t: t}
		if b = f.value(b[size:]); b == nil {
			return errWire
		}
		if n < 64 && n <= repeated {
			if seen&(1<<n) != 0 {
				return errWire
			}
			seen |= 1 << n
		}
		if err := each(f); err != nil {
			return err
		}
	}
	return nil
}

// value reads the value of a field, and returns the rest: nil if there is no such value.
func (f *wired) value(b []byte) []byte {
	var size int
	switch f.t {
	case protowire.VarintType:
		f.v, size = protowire.ConsumeVarint(b)
	case protowire.Fixed64Type:
		f.v, size = protowire.ConsumeFixed64(b)
	case protowire.BytesType:
		f.b, size = protowire.ConsumeBytes(b)
	default:
		return nil
	}
	if size < 0 {
		return nil
	}
	return b[size:]
}

func appendUint(b []byte, n protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
}

func appendFixed(b []byte, n protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendFixed64(protowire.AppendTag(b, n, protowire.Fixed64Type), v)
}

func appendBytes(b []byte, n protowire.Number, v []byte) []byte {
	if len(v) == 0 {
		return b
	}
	return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), v)
}

func appendBool(b []byte, n protowire.Number, v bool) []byte {
	if !v {
		return b
	}
	return appendUint(b, n, 1)
}

// appendTime writes nanoseconds since 1970; the zero time is not written. The moment of 1970
// itself is read as the zero time.
func appendTime(b []byte, n protowire.Number, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	return appendFixed(b, n, uint64(t.UnixNano()))
}

func (f wired) time() time.Time {
	if f.v == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(f.v))
}

// appendText writes a text with its length before it.
func appendText(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}
