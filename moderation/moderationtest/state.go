package moderationtest

import (
	"context"
	"iter"
	"slices"
	"testing"

	"usher/moderation"
	"usher/moderation/sessions"
)

// A State is everything that a [sessions.Store] keeps, in no particular order.
type State struct {
	Sessions    []moderation.Session
	Assignments []moderation.Assignment
	Rooms       []moderation.Room
	Revocations []moderation.Revocation
}

// Kept reads everything that a store keeps.
func Kept(ctx context.Context, store sessions.Store) (state State, err error) {
	if state.Revocations, err = store.LoadRevocations(ctx); err != nil {
		return State{}, err
	}
	if state.Rooms, state.Assignments, err = store.LoadRooms(ctx); err != nil {
		return State{}, err
	}
	for g, err := range store.Sessions(ctx) {
		if err != nil {
			return State{}, err
		}
		state.Sessions = append(state.Sessions, g)
	}
	return state, nil
}

// Start makes sessions with all that a store kept.
func Start(t testing.TB, store sessions.Store, p *moderation.Policy, o sessions.Options) *sessions.Sessions {
	t.Helper()
	s, err := sessions.New(t.Context(), store, p, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// NewestFirst yields sessions in the order of [sessions.Store.Sessions].
func NewestFirst(list []moderation.Session) iter.Seq2[moderation.Session, error] {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b moderation.Session) int { return b.LoggedIn.Compare(a.LoggedIn) })
	return func(yield func(moderation.Session, error) bool) {
		for _, g := range list {
			if !yield(g, nil) {
				return
			}
		}
	}
}
