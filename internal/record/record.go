package record

import (
	"errors"
	"fmt"
	"iter"

	"google.golang.org/protobuf/encoding/protowire"

	"usher/auth"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/occupancy"
	"usher/moderation/sessions"
	"usher/moderation/streams"
)

// version is the first byte of a record, but for a flag.
const (
	version = 1
	learned = 0x80 // other ushers said it
)

// MarkLearned notes that other ushers said what a record has: they need not be told of it.
func MarkLearned(record []byte) []byte {
	record[0] |= learned
	return record
}

// IsLearned reports whether other ushers said what a record has.
func IsLearned(record []byte) bool { return len(record) > 0 && record[0]&learned != 0 }

// The kinds of changes, as the tags of a record.
const (
	putSession protowire.Number = iota + 1
	deleteSession
	putAssignment
	deleteAssignment
	putRoom
	deleteRoom
	putRevocation
	deleteRevocation
	putEntry
	deleteEntry
	putVerdict
	deleteVerdict
	putStream
	deleteStream
	putOccupant
	deleteOccupant
)

// A Change is one of a record. One of the first four is set.
type Change struct {
	Session  *sessions.Change
	Lobby    *lobby.Change
	Stream   *streams.Change
	Occupant *occupancy.Change

	Value []byte // of what is put, or of what names what is deleted; good while the record is
}

// AppendSessions appends the record of changes.
func AppendSessions(b []byte, changes ...sessions.Change) []byte {
	b = append(b, version)
	for i := range changes {
		switch c := &changes[i]; {
		case c.PutSession != nil:
			b = appendChange(b, putSession, c.PutSession)
		case c.DeleteSession != nil:
			b = appendChange(b, deleteSession, c.DeleteSession)
		case c.PutAssignment != nil:
			b = appendChange(b, putAssignment, c.PutAssignment)
		case c.DeleteAssignment != nil:
			b = appendChange(b, deleteAssignment, c.DeleteAssignment)
		case c.PutRoom != nil:
			b = appendChange(b, putRoom, c.PutRoom)
		case c.DeleteRoom != nil:
			b = appendChange(b, deleteRoom, c.DeleteRoom)
		case c.PutRevocation != nil:
			b = appendChange(b, putRevocation, c.PutRevocation)
		case c.DeleteRevocation != nil:
			b = appendChange(b, deleteRevocation, c.DeleteRevocation)
		}
	}
	return b
}

// AppendLobby appends the record of changes.
func AppendLobby(b []byte, changes ...lobby.Change) []byte {
	b = append(b, version)
	for i := range changes {
		switch c := &changes[i]; {
		case c.PutEntry != nil:
			b = appendChange(b, putEntry, c.PutEntry)
		case c.DeleteEntry != nil:
			b = appendChange(b, deleteEntry, c.DeleteEntry)
		case c.PutVerdict != nil:
			b = appendChange(b, putVerdict, c.PutVerdict)
		case c.DeleteVerdict != nil:
			b = appendChange(b, deleteVerdict, c.DeleteVerdict)
		}
	}
	return b
}

// AppendStreams appends the record of changes.
func AppendStreams(b []byte, changes ...streams.Change) []byte {
	b = append(b, version)
	for i := range changes {
		if c := &changes[i]; c.Put != nil {
			b = appendChange(b, putStream, c.Put)
		} else {
			b = appendChange(b, deleteStream, &streams.Stream{Print: c.Delete})
		}
	}
	return b
}

// AppendOccupants appends the record of changes.
func AppendOccupants(b []byte, changes ...occupancy.Change) []byte {
	b = append(b, version)
	for i := range changes {
		switch c := &changes[i]; {
		case c.Put != nil:
			b = appendChange(b, putOccupant, c.Put)
		case c.Delete != nil:
			b = appendChange(b, deleteOccupant, c.Delete)
		}
	}
	return b
}

func appendChange[V Value](b []byte, kind protowire.Number, v V) []byte {
	b = protowire.AppendTag(b, kind, protowire.BytesType)
	start := len(b)
	return prefixLength(AppendValue(b, v), start)
}

// Changes yields the changes of a record, in their order. An error is the last that it yields.
func Changes(b []byte) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for p, err := range parts(b) {
			var c Change
			if err == nil {
				c, err = decodeChange(p.kind, p.value)
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

// Revocations is [Changes] of revocations alone; the others are not decoded.
func Revocations(b []byte) iter.Seq2[sessions.Change, error] {
	return func(yield func(sessions.Change, error) bool) {
		for p, err := range parts(b) {
			if err == nil && p.kind != putRevocation && p.kind != deleteRevocation {
				continue
			}
			c := &sessions.Change{}
			if err == nil {
				c, err = decodeSession(p.kind, p.value)
			}
			if !yield(*c, err) || err != nil {
				return
			}
		}
	}
}

// A part is a change of a record, not decoded.
type part struct {
	kind  protowire.Number
	value []byte
}

func parts(b []byte) iter.Seq2[part, error] {
	return func(yield func(part, error) bool) {
		if len(b) == 0 || b[0]&^learned != version {
			yield(part{}, errors.New("a record is of a newer usher, or none"))
			return
		}
		for rest := b[1:]; len(rest) > 0; {
			kind, wire, n := protowire.ConsumeTag(rest)
			size := -1
			var value []byte
			if n >= 0 && wire == protowire.BytesType {
				value, size = protowire.ConsumeBytes(rest[n:])
			}
			if size < 0 {
				yield(part{}, fmt.Errorf("a record cannot be read: %w", errShape))
				return
			}
			if rest = rest[n+size:]; !yield(part{kind, value}, nil) {
				return
			}
		}
	}
}

// decodeChange reads one.
func decodeChange(kind protowire.Number, value []byte) (c Change, err error) {
	switch kind {
	case putSession, deleteSession, putAssignment, deleteAssignment, putRoom, deleteRoom, putRevocation,
		deleteRevocation:
		c.Session, err = decodeSession(kind, value)
	case putEntry, deleteEntry, putVerdict, deleteVerdict:
		c.Lobby, err = decodeLobby(kind, value)
	case putStream, deleteStream:
		var s *streams.Stream
		if s, err = decode[streams.Stream](value); err != nil {
			break
		}
		if c.Stream = (&streams.Change{Put: s}); kind == deleteStream {
			c.Stream = &streams.Change{Delete: s.Print}
		}
	case putOccupant:
		var o *occupancy.Occupant
		o, err = decode[occupancy.Occupant](value)
		c.Occupant = &occupancy.Change{Put: o}
	case deleteOccupant:
		var k *occupancy.Key
		k, err = decode[occupancy.Key](value)
		c.Occupant = &occupancy.Change{Delete: k}
	default:
		err = fmt.Errorf("a record has a change of kind %d, of a newer usher", kind)
	}
	if err != nil {
		return Change{}, err
	}
	c.Value = value
	return c, nil
}

func decodeSession(kind protowire.Number, value []byte) (*sessions.Change, error) {
	c := &sessions.Change{}
	var err error
	switch kind {
	case putSession:
		c.PutSession, err = decode[moderation.Session](value)
	case deleteSession:
		c.DeleteSession, err = decode[moderation.Login](value)
	case putAssignment:
		c.PutAssignment, err = decode[moderation.Assignment](value)
	case deleteAssignment:
		c.DeleteAssignment, err = decode[moderation.AssignmentKey](value)
	case putRoom:
		c.PutRoom, err = decode[moderation.Room](value)
	case deleteRoom:
		c.DeleteRoom, err = decode[moderation.RoomKey](value)
	case putRevocation:
		c.PutRevocation, err = decode[moderation.Revocation](value)
	case deleteRevocation:
		c.DeleteRevocation, err = decode[auth.Principal](value)
	}
	return c, err
}

func decodeLobby(kind protowire.Number, value []byte) (*lobby.Change, error) {
	c := &lobby.Change{}
	var err error
	switch kind {
	case putEntry:
		c.PutEntry, err = decode[lobby.Entry](value)
	case deleteEntry:
		c.DeleteEntry, err = decode[lobby.EntryKey](value)
	case putVerdict:
		c.PutVerdict, err = decode[lobby.Verdict](value)
	case deleteVerdict:
		c.DeleteVerdict, err = decode[lobby.VerdictKey](value)
	}
	return c, err
}

// decode reads a value, which must be one of [Value].
func decode[T any](b []byte) (*T, error) {
	v := new(T)
	c := newReader(b)
	c.value(v)
	return v, wrap(v, c.end())
}
