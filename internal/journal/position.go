package journal

import (
	"cmp"
	"fmt"
)

// A Position is a place between two records. The zero value is before all of them.
type Position struct {
	Segment uint64 // number of the segment, from 1
	Offset  int64  // bytes from the segment's beginning
}

// Compare orders positions: below 0 if p is before q, 0 if they are equal.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.Segment, q.Segment), cmp.Compare(p.Offset, q.Offset))
}

// IsZero reports whether p is before all records.
func (p Position) IsZero() bool { return p == Position{} }

// String is the segment's number and the offset.
func (p Position) String() string { return fmt.Sprintf("%d:%d", p.Segment, p.Offset) }
