package cluster

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
)

// A Bus is the engine through which nodes tell each other what they know. For each [Scope]
// it has a log, which all nodes of the scope write and follow, and a snapshot of each node,
// which only that node writes: the last entry about each thing, by its field. Its methods are
// safe for concurrent use, and return soon after ctx has ended. An error is [ErrAway],
// [ErrRefused] or [ErrCut], wrapped with its reason, or that of ctx.
type Bus interface {
	// Publish writes entries of one node and one incarnation, numbered upwards: to the end
	// of the log in this order, and each that has a field into the node's snapshot, in the
	// place of what the field had, or drops the field. It is one step: others see all of it or nothing. Entries
	// whose number is not above the last that the engine has of this incarnation are left
	// out. So a call whose outcome is unknown is repeated with the same entries, and neither
	// loses nor doubles nor reorders any. Numbers may have gaps: the engine may have lost what
	// was there. There are at most [MaxPublish] entries.
	//
	// The log keeps at least the last [LogLength] entries.
	Publish(ctx context.Context, scope Scope, entries []Sealed) error

	// End returns the position of the last entry of the log, or where the first will follow.
	// What a snapshot holds that is read afterwards is not older than that: to know
	// everything, take the end, read the snapshots, and follow from there.
	End(ctx context.Context, scope Scope) (Position, error)

	// Follow hands over what the log has after a position, in its order, and then what
	// comes, without polling. It returns what handle returns, if that is an error, or when
	// it cannot go on. It is [ErrCut] if the log does not go on from the position, at
	// the beginning or later: entries after it were trimmed away, or the log has lost its
	// end, this position with it. The batch is the caller's to keep.
	Follow(ctx context.Context, scope Scope, from Position, handle func(Batch) error) error

	// Snapshot hands over what a node's snapshot has, in portions, in no order. What changes
	// meanwhile may be handed over as it was or as it is, and some of it twice. Of a node that
	// there is not there is nothing.
	Snapshot(ctx context.Context, scope Scope, node string, handle func([]Sealed) error) error

	// Nodes lists the nodes that have a snapshot, sorted.
	Nodes(ctx context.Context, scope Scope) ([]string, error)

	// Forget drops the snapshot of a node for good. Forgetting who is not there is no error.
	Forget(ctx context.Context, scope Scope, node string) error

	// Lease asks for the lease of a scope for as long as ttl: it is given if nobody has it,
	// or if its time is over by the engine's clock, and renewed for its holder. It returns
	// the lease as it is then, whichever node holds it. Each time the holder becomes another, or the
	// lease was over, the number grows: it is then no less than the engine's time in
	// milliseconds, so that an engine that has lost what it had gives no number again. With no
	// holder it is read only; a lease that is over has no holder, and its last number.
	Lease(ctx context.Context, scope Scope, holder string, ttl time.Duration) (Lease, error)

	// Once reports whether a name, of at most [MaxField] bytes, is given for the first time within ttl, by the
	// engine's clock. Each that is given for the first time has a few forgotten whose time is over. A call whose
	// outcome is unknown may have given it.
	Once(ctx context.Context, scope Scope, name string, ttl time.Duration) (first bool, err error)
}

// A Scope is who follows a log.
type Scope string

// Global is the scope of all nodes.
const Global Scope = "g"

// Cell returns the scope of the nodes beside one Prosody.
func Cell(name string) Scope { return Scope("c:" + name) }

// A Position is a place in the log of a scope: two decimal numbers with a hyphen between them,
// which grow, the first before the second. The zero value is the beginning of a log from which
// nothing was trimmed.
type Position string

// Before reports whether a place is before another of the same log.
func (p Position) Before(o Position) bool {
	a, b := p.parts()
	c, d := o.parts()
	return a < c || a == c && b < d
}

func (p Position) parts() (major, minor uint64) {
	left, right, _ := strings.Cut(string(p), "-")
	major, _ = strconv.ParseUint(left, 10, 64) // what is no number is the beginning
	minor, _ = strconv.ParseUint(right, 10, 64)
	return major, minor
}

// The bounds of what a Bus is asked for.
const (
	LogLength  = 500_000  // entries that a log keeps, about
	MaxPublish = 512      // entries of one Publish
	MaxField   = 64       // bytes: letters, digits, and : - _
	MaxValue   = 48 << 10 // bytes
)

// A Sealed is an entry as the engine has it: only who holds a key of the cluster can make or
// believe it.
type Sealed struct {
	Node        string // at most [MaxNode] bytes
	Incarnation uint64 // of the node, not 0: another at each of its starts
	Number      uint64 // of the entry in this scope, from 1, of this incarnation
	Field       string // under which the node's snapshot has it; empty: only the log has it
	Value       []byte
	Drop        bool // the snapshot no longer has the field; in an answer of [Bus.Snapshot] never
}

// A Logged is an entry with its place in the log.
type Logged struct {
	Position Position
	At       time.Time // when the engine took it, by its clock, to the millisecond
	Sealed
}

// A Batch is what [Bus.Follow] hands over. One without entries is handed over as well, if the
// end is reached at the beginning.
type Batch struct {
	Entries []Logged
	End     bool // when the engine was asked, nothing came after them
}

// A Lease says which node writes for a cell.
type Lease struct {
	Holder string        // empty: nobody
	Number uint64        // 0: there never was one
	Left   time.Duration // by the engine's clock
}

// The errors of a [Bus].
var (
	// ErrAway is of an engine that does not answer, or takes no writes now. Whether it did
	// what it was asked for is unknown. Try again.
	ErrAway = errors.New("the cluster's engine is away")
	// ErrRefused is of an engine that will not do it before a setting is changed.
	ErrRefused = errors.New("the cluster's engine refuses")
	// ErrCut is of a log that does not go on from a position: read the snapshots again.
	ErrCut = errors.New("the cluster's log does not go on from there")
)
