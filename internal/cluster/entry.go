package cluster

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// An Entry is a fact with who says it. It has no part of a token's text.
type Entry struct {
	Scope       Scope
	Node        string
	Incarnation uint64
	Number      uint64
	Time        time.Time // by the node's clock
	Logged      bool      // only the log has it: no snapshot
	Fact
}

// The errors of [Keys.Open].
var (
	ErrForged    = errors.New("an entry was made without a key of the cluster, or lies where it was not put")
	ErrMalformed = errors.New("an entry cannot be read")
)

// An envelope is: a byte that says which, the MAC, and the payload.
const (
	envelope   = 1
	payloadsAt = 1 + macSize
)

// The fields of a payload.
const (
	fieldTime protowire.Number = 1 + iota
	fieldKind
	fieldVersion
	fieldMust
	fieldLease
	fieldEnds
	fieldBody
	fieldKey
	lastOfEntry = fieldKey
)

// Seal makes what an engine is given of an entry.
func (k *Keys) Seal(e *Entry) (Sealed, error) {
	if len(e.Body) > MaxBody {
		return Sealed{}, fmt.Errorf("a body of %d bytes; %d are possible", len(e.Body), MaxBody)
	}
	s := Sealed{Node: e.Node, Incarnation: e.Incarnation, Number: e.Number, Drop: e.Gone && !e.Logged}
	if !e.Logged {
		s.Field = e.Key.field()
	}
	b := make([]byte, payloadsAt, payloadsAt+64+len(e.Body))
	b[0] = envelope
	b = appendTime(b, fieldTime, e.Time)
	b = appendUint(b, fieldKind, uint64(e.Kind))
	b = appendUint(b, fieldVersion, uint64(e.Version))
	b = appendBool(b, fieldMust, e.Must)
	b = appendUint(b, fieldLease, e.Lease)
	b = appendTime(b, fieldEnds, e.Ends)
	b = appendBytes(b, fieldBody, e.Body)
	if e.Logged {
		b = appendBytes(b, fieldKey, e.Key[:])
	}
	k.sign(b[1:payloadsAt], e.Scope, &s, b[payloadsAt:])
	s.Value = b
	return s, nil
}

// Open reads an entry that an engine had in a scope. It is [ErrForged] if none of the keys
// made it for that place, [ErrMalformed] if what a key made cannot be read.
func (k *Keys) Open(scope Scope, s *Sealed) (Entry, error) {
	if len(s.Value) < payloadsAt || s.Value[0] != envelope || !k.verify(s.Value[1:payloadsAt], scope, s,
		s.Value[payloadsAt:]) {
		return Entry{}, ErrForged
	}
	e := Entry{Scope: scope, Node: s.Node, Incarnation: s.Incarnation, Number: s.Number, Logged: s.Field == ""}
	e.Gone = s.Drop
	known := e.Logged
	if !e.Logged {
		e.Key, known = parseKey(s.Field)
	}
	if err := walk(s.Value[payloadsAt:], lastOfEntry, e.take); err != nil || !known || e.Kind == 0 {
		return Entry{}, ErrMalformed
	}
	return e, nil
}

// take takes over one field of a payload.
func (e *Entry) take(f wired) error {
	switch {
	case f.n == fieldTime && f.t == protowire.Fixed64Type:
		e.Time = f.time()
	case f.n == fieldKind && f.t == protowire.VarintType && f.v <= math.MaxUint32:
		e.Kind = Kind(f.v)
	case f.n == fieldVersion && f.t == protowire.VarintType && f.v <= math.MaxUint32:
		e.Version = uint32(f.v)
	case f.n == fieldMust && f.t == protowire.VarintType && f.v <= 1:
		e.Must = f.v == 1
	case f.n == fieldLease && f.t == protowire.VarintType:
		e.Lease = f.v
	case f.n == fieldEnds && f.t == protowire.Fixed64Type:
		e.Ends = f.time()
	case f.n == fieldBody && f.t == protowire.BytesType && len(f.b) <= MaxBody:
		e.Body = slices.Clone(f.b)
	case f.n == fieldKey && f.t == protowire.BytesType && e.Logged && len(f.b) == len(e.Key):
		e.Key = Key(f.b)
	case f.n <= lastOfEntry:
		return errWire
	}
	return nil
}
