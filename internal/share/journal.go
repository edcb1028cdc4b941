package share

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"usher/internal/cluster"
	"usher/internal/journal"
	"usher/internal/record"
	"usher/lobby"
	"usher/moderation/sessions"
)

// Last returns the place of the last change.
func (s *State) Last() cluster.Mark { return mark(s.Source.End()) }

func mark(p journal.Position) cluster.Mark {
	return cluster.Mark{Segment: p.Segment, Offset: uint64(p.Offset)}
}

// Next waits for changes after a place, and returns some of them.
func (s *State) Next(ctx context.Context, after cluster.Mark) ([]cluster.Fact, cluster.Mark, error) {
	from := journal.Position{Segment: after.Segment, Offset: int64(after.Offset)}
	for {
		facts, to, err := s.changes(from)
		switch {
		case errors.Is(err, journal.ErrForgotten):
			return nil, after, fmt.Errorf("%w: %w", cluster.ErrCut, err)
		case err != nil:
			return nil, after, err
		case len(facts) > 0:
			return facts, mark(to), nil
		}
		from = to
		select {
		case <-ctx.Done():
			return nil, after, ctx.Err()
		case <-s.Source.Appended():
		}
	}
}

// changes reads what was recorded from a position on, and some of it if that is much.
func (s *State) changes(from journal.Position) (facts []cluster.Fact, to journal.Position, err error) {
	to = from
	for r, err := range s.Source.Records(from) {
		if err != nil {
			return nil, from, err
		}
		if !record.IsLearned(r.Payload) {
			for c, err := range record.Changes(r.Payload) {
				if err != nil {
					return nil, from, err
				}
				if f, ok := s.changed(&c); ok {
					facts = append(facts, f)
				}
			}
		}
		if to = r.End; len(facts) >= cluster.MaxPublish/2 {
			break
		}
	}
	return facts, to, nil
}

// changed is what others are to know of a change.
func (s *State) changed(c *record.Change) (cluster.Fact, bool) {
	switch {
	case c.Session != nil:
		return s.sessionChanged(c.Session)
	case c.Lobby != nil:
		return s.lobbyChanged(c.Lobby)
	case c.Stream != nil && c.Stream.Put != nil:
		return s.stream(*c.Stream.Put), true
	case c.Stream != nil:
		return s.streamGone(c.Stream.Delete), true
	}
	return cluster.Fact{}, false // an occupant is this usher's
}

// sessionChanged: what was deleted may be there anew, which its own record says.
func (s *State) sessionChanged(c *sessions.Change) (f cluster.Fact, ok bool) {
	switch {
	case c.PutSession != nil:
		return s.session(*c.PutSession), true
	case c.DeleteSession != nil:
		return gone(cluster.KindSession, c.DeleteSession.ID.String()), !s.Sessions.IsThere(c.DeleteSession.ID)
	case c.PutAssignment != nil:
		return s.assignment(*c.PutAssignment), true
	case c.DeleteAssignment != nil:
		return s.assignmentGone(*c.DeleteAssignment), s.Sessions.Rooms().Assignment(*c.DeleteAssignment) == nil
	case c.PutRoom != nil:
		return s.room(*c.PutRoom), true
	case c.DeleteRoom != nil:
		return s.roomGone(*c.DeleteRoom), true
	case c.PutRevocation != nil:
		return s.revocation(*c.PutRevocation), true
	case c.DeleteRevocation != nil:
		return gone(cluster.KindRevocation, principalName(*c.DeleteRevocation)...), true
	}
	return f, false
}

func (s *State) lobbyChanged(c *lobby.Change) (f cluster.Fact, ok bool) {
	switch {
	case c.PutEntry != nil:
		return s.entry(*c.PutEntry), true
	case c.DeleteEntry != nil:
		return gone(cluster.KindWhitelist, c.DeleteEntry.JID, c.DeleteEntry.Room), true
	case c.PutVerdict != nil:
		return s.verdict(*c.PutVerdict), true
	case c.DeleteVerdict != nil:
		return gone(cluster.KindVerdict, c.DeleteVerdict.Room, c.DeleteVerdict.JID), true
	}
	return f, false
}

// Facts yields everything that ushers of a scope are to know.
func (s *State) Facts(ctx context.Context, scope cluster.Scope) iter.Seq2[cluster.Fact, error] {
	return func(yield func(cluster.Fact, error) bool) {
		give := func(f cluster.Fact) bool {
			if err := ctx.Err(); err != nil {
				yield(cluster.Fact{}, err)
				return false
			}
			return yield(f, nil)
		}
		if scope == cluster.Global {
			s.globalFacts(give)
		} else {
			s.cellFacts(give)
		}
	}
}

func (s *State) globalFacts(give func(cluster.Fact) bool) {
	for v := range s.Sessions.Revocations().Known() {
		if !give(s.revocation(v)) {
			return
		}
	}
	entries, _ := s.Lobby.Known()
	for e := range entries {
		if !give(s.entry(e)) {
			return
		}
	}
}

func (s *State) cellFacts(give func(cluster.Fact) bool) {
	for r := range s.Sessions.Rooms().AllRooms() {
		if r.Kept() && !give(s.room(r)) {
			return
		}
	}
	for g := range s.Sessions.Rooms().AllAssignments() {
		if !give(s.assignment(g)) {
			return
		}
	}
	_, verdicts := s.Lobby.Known()
	for v := range verdicts {
		if !give(s.verdict(v)) {
			return
		}
	}
	for v := range s.Streams.All() {
		if !give(s.stream(v)) {
			return
		}
	}
	for g := range s.Sessions.All() {
		if !give(s.session(g)) {
			return
		}
	}
}
