package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"iter"
	"time"
)

// A Kind says what an entry is about. Numbers are never used again; below 64 they are of the
// scope of all nodes, from there on of a cell's.
type Kind uint32

// The kinds.
const (
	KindHeartbeat  Kind = 1 // a node lives: every scope has them
	KindReceipt    Kind = 2 // a node has what others published: every scope has them
	KindForget     Kind = 3 // a node was retired: every scope has them
	KindDropped    Kind = 4 // a node's snapshot need not have a thing any more: every scope has them
	KindRevocation Kind = 8
	KindWhitelist  Kind = 9

	KindSession    Kind = 64
	KindRoom       Kind = 65
	KindAssignment Kind = 66
	KindVerdict    Kind = 67
	KindKnock      Kind = 68
	KindStream     Kind = 69
	KindTicket     Kind = 70
)

// IsGlobal reports whether facts of this kind are for all nodes.
func (k Kind) IsGlobal() bool { return k < 64 }

// isVital reports whether a node that lacks a fact of this kind must not let anybody in.
func (k Kind) isVital() bool { return k == KindRevocation }

// isLogged reports whether no snapshot has facts of this kind: they are said once.
func (k Kind) isLogged() bool { return k == KindReceipt || k == KindForget || k.isMessage() }

// isMessage reports whether facts of this kind are what [Node.Tell] tells.
func (k Kind) isMessage() bool { return k == KindTicket || k == KindKnock }

// isReceipted reports whether a command may wait until all nodes have a fact of this kind.
func (k Kind) isReceipted() bool {
	return k == KindRevocation || k == KindWhitelist || k == KindVerdict
}

// isTombstoned reports whether facts of this kind may have gone without a trace after
// the time for which tombstones are kept.
func (k Kind) isTombstoned() bool { return k == KindWhitelist || k == KindVerdict }

// A Key names a thing: the same at each node.
type Key [16]byte

// KeyOf makes the key of a thing from its kind and the parts of its name.
func KeyOf(kind Kind, parts ...string) Key {
	b := binary.BigEndian.AppendUint32(nil, uint32(kind))
	for _, part := range parts {
		b = appendText(b, part)
	}
	sum := sha256.Sum256(b)
	return Key(sum[:])
}

// field is under what a snapshot has the thing.
func (k Key) field() string { return base64.RawURLEncoding.EncodeToString(k[:]) }

// parseKey reads what field writes.
func parseKey(field string) (k Key, ok bool) {
	n, err := base64.RawURLEncoding.Strict().Decode(k[:], []byte(field))
	return k, err == nil && n == len(k)
}

// A Fact is what a node says of a thing.
type Fact struct {
	Kind    Kind
	Version uint32    // of the body: another only if who knows the former one cannot read it
	Key     Key       // of the thing
	Must    bool      // a node that cannot read it must not let anybody in
	Lease   uint64    // number of the lease by which it was written, or 0
	Ends    time.Time // after that no node has to know it; zero: never
	Body    []byte    // the same at each node that knows the same; at most [MaxBody] bytes
	// Print stands for what every version of usher knows of it. The state says it, and no
	// entry has it.
	Print uint64
	// Gone says that who comes later need not hear of the thing any more. Its body, if there is
	// one, says to those who are there what became of it; as no snapshot has it, who misses it is
	// not told again. What every node has to hear of is said for a while without it.
	Gone bool
}

// MaxBody is how long a body may be, in bytes.
const MaxBody = MaxValue - 256

// hash stands for what a fact says.
func (f *Fact) hash() uint64 {
	h := sha256.New()
	h.Write(f.Key[:])
	h.Write(f.Body)
	return binary.BigEndian.Uint64(h.Sum(nil))
}

// A State is what a node knows, in its memory and its journal. Its methods are safe for
// concurrent use.
type State interface {
	// Understands reports whether Merge can read bodies of a kind and version.
	Understands(kind Kind, version uint32) bool

	// Merge merges what nodes say with what is known, whatever the order and however often
	// it is said, and returns, in the same order, what is known then of each. When it
	// returns that is in force and in the journal. What it learns it does not yield as a
	// change.
	Merge(ctx context.Context, facts []Fact) ([]Fact, error)

	// Facts yields everything that nodes of a scope are to know, its own and that of others,
	// none as it was before the call, in no order.
	Facts(ctx context.Context, scope Scope) iter.Seq2[Fact, error]
}

// A Journal tells what changes at this node, in order. What ends is a change, too.
type Journal interface {
	// Last returns the place of the last change.
	Last() Mark

	// Next waits for changes after a place, and returns some of them, not over
	// [MaxPublish], with the place of the last. The error is [ErrCut] if the journal no
	// longer has what came after the place.
	Next(ctx context.Context, after Mark) ([]Fact, Mark, error)
}

// A Mark is a place in a node's own journal.
type Mark struct{ Segment, Offset uint64 }

// before reports whether a place is before another.
func (m Mark) before(o Mark) bool {
	return m.Segment < o.Segment || m.Segment == o.Segment && m.Offset < o.Offset
}
