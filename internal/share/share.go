package share

import (
	"iter"
	"time"

	"usher/internal/cluster"
	"usher/internal/journal"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/sessions"
	"usher/moderation/streams"
)

// A Source is the journal of this usher's state.
type Source interface {
	// End is where the next record begins.
	End() journal.Position
	// Records yields what was recorded from a position on; [journal.ErrForgotten] if some of it is gone.
	Records(from journal.Position) iter.Seq2[journal.Record, error]
	// Appended has something in it once something may have been recorded.
	Appended() <-chan struct{}
}

// A Writer says whether this usher writes affiliations for its cell, and by which lease.
type Writer func() (lease uint64, writes bool)

// Effects are what follows from what was learned.
type Effects interface {
	// Touch has rooms and streams looked at.
	Touch(t sessions.Touched)
	// ListChanged has the rooms looked at in which the lobby's lists count, for JIDs and domains.
	ListChanged(jids []string)
}

// A State is what ushers share of one. It implements [cluster.State] and [cluster.Journal]. All fields are wanted.
type State struct {
	Sessions *sessions.Sessions
	Lobby    *lobby.Lobby
	Streams  *streams.Streams
	Source   Source
	Effects  Effects
	Writer   Writer
	Now      func() time.Time
}

var (
	_ cluster.State   = (*State)(nil)
	_ cluster.Journal = (*State)(nil)
)

// The version of each kind's body. A field that is added is no other version.
const bodyVersion = 1

// A revocation reaches as far as the clock of a node that is ready may be wrong: else this does not compile.
const _ = uint64(moderation.ClockTolerance - cluster.ClockTolerance)

// kinds are those that this version knows.
var kinds = map[cluster.Kind]bool{
	cluster.KindRevocation: true, cluster.KindWhitelist: true, cluster.KindSession: true, cluster.KindRoom: true,
	cluster.KindAssignment: true, cluster.KindVerdict: true, cluster.KindStream: true,
}

// Understands reports whether Merge can read a body.
func (s *State) Understands(kind cluster.Kind, version uint32) bool {
	return kinds[kind] && version == bodyVersion
}

// revocationEnds is when nobody has to know a revocation, or its lifting, any more.
func revocationEnds(v *moderation.Revocation) time.Time {
	ends := v.End()
	if forgotten := v.Lifted.Add(lobby.TombstoneLasts); !v.InForce() && (ends.IsZero() || forgotten.Before(ends)) {
		return forgotten
	}
	return ends
}
