package share

import (
	"context"
	"fmt"
	"slices"

	"usher/internal/cluster"
	"usher/internal/record"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/sessions"
	"usher/moderation/streams"
)

// Merge merges what other ushers say with what is known here, and returns, in the same order, what is known then of
// each. When it returns that is in force and in the journal. A body that cannot be read is left as it is: who made it
// holds a key of the cluster, and a version that this one knows.
func (s *State) Merge(ctx context.Context, facts []cluster.Fact) ([]cluster.Fact, error) {
	known := slices.Clone(facts)
	for from := 0; from < len(facts); {
		to := portion(facts, from)
		if err := s.mergeSome(ctx, facts[from:to], known[from:to]); err != nil {
			return nil, fmt.Errorf("taking over what other nodes know: %w", err)
		}
		from = to
	}
	return known, nil
}

// mergedAtATime bounds what is merged at once, in bytes of bodies: the journal has it in a few records.
const mergedAtATime = 1 << 20

// portion returns where the facts end that are merged at once.
func portion(facts []cluster.Fact, from int) (to int) {
	to = from
	for bytes := 0; to < len(facts) && (to == from || bytes+len(facts[to].Body) <= mergedAtATime); to++ {
		bytes += len(facts[to].Body)
	}
	return to
}

// mergeSome is Merge of one portion; what is known then it puts in the place of what was said.
func (s *State) mergeSome(ctx context.Context, facts, known []cluster.Fact) error {
	m := merging{State: s, ctx: ctx, known: known}
	for i := range facts {
		m.sort(i, &facts[i])
	}
	for _, merge := range []func() error{
		m.mergeRevocations, m.mergeLists, m.mergeRooms, m.mergeAssignments, m.mergeStreams, m.mergeSessions,
	} {
		if err := merge(); err != nil {
			return err
		}
	}
	return nil
}

// A merging is one Merge: the values of each kind, and which facts they are.
type merging struct {
	*State
	ctx   context.Context
	known []cluster.Fact

	revocations of[moderation.Revocation]
	sessions    of[moderation.Session]
	rooms       of[moderation.Room]
	assignments of[moderation.Assignment]
	entries     of[lobby.Entry]
	verdicts    of[lobby.Verdict]
	streams     of[streams.Stream]
	ended       []string // prints of streams that are over
}

// An of is the values of one kind, and their places among the facts.
type of[T any] struct {
	values []T
	places []int
}

// add takes the value of a fact, if it can be read.
func (o *of[T]) add(place int, f *cluster.Fact, decode func([]byte, *T) error) {
	var v T
	if decode(f.Body, &v) == nil {
		o.values = append(o.values, v)
		o.places = append(o.places, place)
	}
}

// sort puts a fact where its kind is merged.
func (m *merging) sort(place int, f *cluster.Fact) {
	switch f.Kind {
	case cluster.KindRevocation:
		m.revocations.add(place, f, record.DecodeValue)
	case cluster.KindSession:
		m.sessions.add(place, f, record.DecodeValue)
	case cluster.KindRoom:
		m.rooms.add(place, f, record.DecodeValue)
	case cluster.KindAssignment:
		m.assignments.add(place, f, record.DecodeValue)
	case cluster.KindWhitelist:
		m.entries.add(place, f, record.DecodeValue)
	case cluster.KindVerdict:
		m.verdicts.add(place, f, record.DecodeValue)
	case cluster.KindStream:
		if !f.Gone {
			m.streams.add(place, f, record.DecodeValue)
			return
		}
		var v streams.Stream
		if record.DecodeValue(f.Body, &v) == nil {
			m.ended = append(m.ended, v.Print)
		}
	}
}

// keep notes what is known of the values of a kind.
func keep[T any](m *merging, o *of[T], known []T, fact func(T) cluster.Fact) {
	for i, v := range known {
		m.known[o.places[i]] = fact(v)
	}
}

func (m *merging) mergeRevocations() error {
	if len(m.revocations.values) == 0 {
		return nil
	}
	known, touched, err := m.Sessions.Revocations().LearnRevocations(m.ctx, m.revocations.values)
	m.Effects.Touch(touched) // they are in force, whatever the disk says
	if err != nil {
		return err
	}
	keep(m, &m.revocations, known, m.revocation)
	return nil
}

func (m *merging) mergeSessions() error {
	if len(m.sessions.values) == 0 {
		return nil
	}
	known, touched, err := m.Sessions.LearnSessions(m.ctx, m.sessions.values)
	if err != nil {
		return err
	}
	for _, t := range touched {
		m.Effects.Touch(t)
	}
	keep(m, &m.sessions, known, m.session)
	return nil
}

func (m *merging) mergeRooms() error {
	if len(m.rooms.values) == 0 {
		return nil
	}
	known, _, err := m.Sessions.Rooms().LearnRooms(m.ctx, m.rooms.values)
	if err != nil {
		return err
	}
	keep(m, &m.rooms, known, m.room)
	return nil
}

func (m *merging) mergeAssignments() error {
	if len(m.assignments.values) == 0 {
		return nil
	}
	known, changed, err := m.Sessions.Rooms().LearnAssignments(m.ctx, m.assignments.values)
	if err != nil {
		return err
	}
	if _, writes := m.Writer(); writes && len(changed) > 0 {
		m.Effects.Touch(sessions.Touched{Accounts: changed})
	}
	keep(m, &m.assignments, known, m.State.knownAssignment)
	return nil
}

// knownAssignment is assignment of what is known, by whatever lease.
func (s *State) knownAssignment(g moderation.Assignment) cluster.Fact {
	f := fact(cluster.KindAssignment, &g, g.Room, g.JID)
	f.Lease, f.Gone = g.Lease, g.Gone
	return f
}

func (m *merging) mergeLists() error {
	if len(m.entries.values)+len(m.verdicts.values) == 0 {
		return nil
	}
	learned, err := m.Lobby.Learn(m.ctx, m.entries.values, m.verdicts.values)
	if err != nil {
		return err
	}
	if len(learned.Changed) > 0 {
		m.Effects.ListChanged(learned.Changed)
	}
	keep(m, &m.entries, learned.Entries, m.entry)
	keep(m, &m.verdicts, learned.Verdicts, m.verdict)
	return nil
}

func (m *merging) mergeStreams() error {
	if len(m.ended) > 0 {
		if err := m.Streams.LearnEnds(m.ctx, m.ended); err != nil {
			return err
		}
	}
	if len(m.streams.values) == 0 {
		return nil
	}
	known, err := m.Streams.Learn(m.ctx, m.streams.values)
	if err != nil {
		return err
	}
	keep(m, &m.streams, known, m.stream)
	return nil
}
