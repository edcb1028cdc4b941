package cluster

import "time"

// A view is what this node has read of one node in a scope. The link's lock guards it.
type view struct {
	fields      set    // what the node's snapshot has, as far as the log was followed
	incarnation uint64 // of the last entry
	number      uint64 // the last that was read of it; 0: any may come first
	ofSnapshot  uint64 // the last that the snapshot had when it was read: older sums say nothing
	gap         bool   // something may be missing: the sums have not been equal since

	beat      *heartbeat // the last
	beatAt    time.Time  // when the engine took it
	readAgain time.Time  // when its snapshot was, as it is silent
	written   time.Time  // when the node wrote it, by its own clock
	offset    offsets

	differs      int       // heartbeats in a row whose sum of what it published is another
	vitalDiffers int       // and whose sum of what is vital is another
	inStep       bool      // both were equal in the last
	agreed       time.Time // when this node had sent its own heartbeat that was read the last in step with it

	has  uint64 // what it has in its journal of what this node published: the last number
	owed bool   // it is to be told what is in the journal here of what it published
}

func newView() *view { return &view{fields: newSet(), gap: true} }

// take takes over an entry, in the order of the log, and reports whether numbers are missing
// before it. What was there already changes nothing. An incarnation may be followed by an
// earlier one: of two ushers with one name the later goes.
func (v *view) take(e *Entry) (gap bool) {
	switch {
	case e.Incarnation != v.incarnation:
		gap = v.incarnation != 0 && e.Number != 1
		v.incarnation, v.number, v.ofSnapshot, v.has = e.Incarnation, 0, 0, 0
	case e.Number <= v.number:
		return false
	default:
		gap = v.number != 0 && e.Number != v.number+1
	}
	v.number = e.Number
	v.gap = v.gap || gap
	v.fields.keep(e)
	return gap
}

// compare compares what a heartbeat says with what was read of its node, and reports whether
// the snapshot has to be read again.
func (v *view) compare(h *heartbeat, number uint64) (load bool) {
	if number <= v.ofSnapshot {
		return false
	}
	if v.fields.sum == h.Own {
		v.differs, v.gap = 0, false
		return false
	}
	v.differs++
	return v.differs%differsBeforeLoad == 1
}

// differsBeforeLoad is after how many heartbeats a snapshot is read again that was no help.
const differsBeforeLoad = 5

// wanted reports whether the node is to publish again what it knows: reading its snapshot
// was no help.
func (v *view) wanted() bool { return v.differs > 1 }

// livesAt reports whether the node lets people in, for all that is known at an engine's time.
func (v *view) livesAt(now time.Time) bool {
	return v.beat != nil && v.beat.Refused == "" && now.Sub(v.beatAt) <= v.staleness()
}

// staleness is how long the node lets people in without having heard of the others.
func (v *view) staleness() time.Duration {
	if v.beat == nil || v.beat.Staleness == 0 {
		return MaxStaleness
	}
	return v.beat.Staleness
}
