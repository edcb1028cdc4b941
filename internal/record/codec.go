package record

import (
	"errors"
	"fmt"
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// errShape says that bytes are no value.
var errShape = errors.New("the bytes are not what they should be")

// A codec goes through the fields of a value, to write or to read them. Fields are named in the
// order of their numbers.
type codec struct {
	reading bool
	out     []byte // what is written

	in   string // what is left to read; texts are parts of it
	next protowire.Number
	kind protowire.Type
	err  error
}

// newReader copies b once: all texts of a value share that copy.
func newReader(b []byte) *codec {
	c := &codec{reading: true, in: string(b)}
	c.advance(0)
	return c
}

// advance reads the next tag, whose number must be higher.
func (c *codec) advance(last protowire.Number) {
	if c.next = 0; c.in == "" || c.err != nil {
		return
	}
	v, ok := c.varint()
	if number, kind := protowire.DecodeTag(v); ok && number > last && number <= protowire.MaxValidNumber {
		c.next, c.kind = number, kind
		return
	}
	c.err = errShape
}

// varint reads a number.
func (c *codec) varint() (uint64, bool) {
	var v uint64
	for i := range min(len(c.in), 10) {
		b := c.in[i]
		if i == 9 && b > 1 {
			break
		}
		v |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			c.in = c.in[i+1:]
			return v, true
		}
	}
	c.fail()
	return 0, false
}

func (c *codec) fail() {
	if c.err == nil {
		c.err = errShape
	}
	c.in, c.next = "", 0
}

// bytes reads a text with its length before it.
func (c *codec) bytes() string {
	n, ok := c.varint()
	if !ok || n > uint64(len(c.in)) {
		c.fail()
		return ""
	}
	s := c.in[:n]
	c.in = c.in[n:]
	return s
}

// found goes on to a field, and reports whether it is there; those before it, which were not
// asked for, are of a newer usher.
func (c *codec) found(n protowire.Number, kind protowire.Type) bool {
	for c.next != 0 && c.next < n {
		c.skip()
	}
	if c.next != n || c.err != nil {
		return false
	}
	if c.kind != kind {
		c.fail()
		return false
	}
	return true
}

// skip passes over a field.
func (c *codec) skip() {
	last := c.next
	switch c.kind {
	case protowire.VarintType:
		c.varint()
	case protowire.BytesType:
		c.bytes()
	default: // no usher writes others
		c.fail()
	}
	c.advance(last)
}

// end reads what is left, and says whether all of it was a value.
func (c *codec) end() error {
	for c.next != 0 && c.err == nil {
		c.skip()
	}
	return c.err
}

// text is a field.
func text[T ~string](c *codec, n protowire.Number, v *T) {
	switch {
	case !c.reading && *v != "":
		c.out = protowire.AppendTag(c.out, n, protowire.BytesType)
		c.out = protowire.AppendString(c.out, string(*v))
	case c.reading && c.found(n, protowire.BytesType):
		*v = T(c.bytes())
		c.advance(n)
	}
}

// count is a field.
func (c *codec) count(n protowire.Number, v *uint64) {
	switch {
	case !c.reading && *v != 0:
		c.out = protowire.AppendTag(c.out, n, protowire.VarintType)
		c.out = protowire.AppendVarint(c.out, *v)
	case c.reading && c.found(n, protowire.VarintType):
		*v, _ = c.varint()
		c.advance(n)
	}
}

// number is a field.
func (c *codec) number(n protowire.Number, v *int64) {
	u := protowire.EncodeZigZag(*v)
	c.count(n, &u)
	*v = protowire.DecodeZigZag(u)
}

// small is a field.
func small[T ~int8](c *codec, n protowire.Number, v *T) {
	wide := int64(*v)
	c.number(n, &wide)
	if wide < math.MinInt8 || wide > math.MaxInt8 {
		c.fail()
		return
	}
	*v = T(wide)
}

// flag is a field.
func (c *codec) flag(n protowire.Number, v *bool) {
	var one int64
	if *v {
		one = 1
	}
	c.number(n, &one)
	if one != 0 && one != 1 {
		c.fail()
		return
	}
	*v = one == 1
}

// id is a field: 16 bytes, absent if all are zero.
func (c *codec) id(n protowire.Number, v *[16]byte) {
	switch {
	case !c.reading && *v != [16]byte{}:
		c.out = protowire.AppendTag(c.out, n, protowire.BytesType)
		c.out = protowire.AppendBytes(c.out, v[:])
	case c.reading && c.found(n, protowire.BytesType):
		s := c.bytes()
		if len(s) != len(v) {
			c.fail()
			return
		}
		copy(v[:], s)
		c.advance(n)
	}
}

// time is a field: seconds since 1970 and nanoseconds, as nanoseconds alone end in 2262. It is
// read as UTC.
func (c *codec) time(n protowire.Number, v *time.Time) {
	switch {
	case !c.reading && !v.IsZero():
		var b [20]byte
		body := protowire.AppendVarint(b[:0], protowire.EncodeZigZag(v.Unix()))
		body = protowire.AppendVarint(body, uint64(v.Nanosecond()))
		c.out = protowire.AppendTag(c.out, n, protowire.BytesType)
		c.out = protowire.AppendBytes(c.out, body)
	case c.reading && c.found(n, protowire.BytesType):
		part := codec{in: c.bytes()}
		seconds, _ := part.varint()
		nanoseconds, ok := part.varint()
		if !ok || part.err != nil || part.in != "" || nanoseconds >= uint64(time.Second) {
			c.fail()
			return
		}
		*v = time.Unix(protowire.DecodeZigZag(seconds), int64(nanoseconds)).UTC()
		c.advance(n)
	}
}

// list is a field: texts, and whether there is a list at all.
func (c *codec) list(n protowire.Number, v *[]string) {
	switch {
	case !c.reading && *v != nil:
		c.out = protowire.AppendTag(c.out, n, protowire.BytesType)
		start := len(c.out)
		for _, s := range *v {
			c.out = protowire.AppendString(c.out, s)
		}
		c.out = prefixLength(c.out, start)
	case c.reading && c.found(n, protowire.BytesType):
		part := codec{in: c.bytes()}
		*v = []string{}
		for part.in != "" {
			*v = append(*v, part.bytes())
		}
		if part.err != nil {
			c.fail()
			return
		}
		c.advance(n)
	}
}

// prefixLength puts the length of what follows start there.
func prefixLength(b []byte, start int) []byte {
	n := len(b) - start
	size := protowire.SizeVarint(uint64(n))
	var room [10]byte
	b = append(b, room[:size]...)
	copy(b[start+size:], b[start:start+n])
	protowire.AppendVarint(b[:start], uint64(n))
	return b
}

// wrap says what cannot be read.
func wrap(v any, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("a %T cannot be read: %w", v, err)
}
