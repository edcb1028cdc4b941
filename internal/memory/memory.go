// Package memory is the state that ends with the process (state: memory:). It starts no
// goroutine; a [Store] has one lock, held for a moment.
package memory

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"iter"
	"sync"

	"usher/lobby"
	"usher/moderation"
	"usher/moderation/occupancy"
	"usher/moderation/sessions"
	"usher/moderation/streams"
)

// A Store keeps nothing that sessions do not keep themselves, for as long as
// they do, but for the secrets. It is a [sessions.Store], a [streams.Store], an
// [occupancy.Store] and a [lobby.Store].
type Store struct {
	mu      sync.Mutex
	closed  bool
	secrets map[string][]byte
}

// New returns an empty store.
func New() *Store { return &Store{secrets: map[string][]byte{}} }

var errClosed = errors.New("the state is closed")

// LoadRevocations returns nothing.
func (s *Store) LoadRevocations(context.Context) ([]moderation.Revocation, error) { return nil, nil }

// LoadRooms returns nothing.
func (s *Store) LoadRooms(context.Context) ([]moderation.Room, []moderation.Assignment, error) {
	return nil, nil, nil
}

// Sessions yields nothing.
func (s *Store) Sessions(context.Context) iter.Seq2[moderation.Session, error] {
	return func(func(moderation.Session, error) bool) {}
}

// Apply does nothing: the sessions have it in memory.
func (s *Store) Apply(ctx context.Context, _ ...sessions.Change) error { return s.alive(ctx) }

// Learn does nothing: the sessions have it in memory.
func (s *Store) Learn(ctx context.Context, _ ...sessions.Change) error { return s.alive(ctx) }

// Sync does nothing: there is no disk.
func (s *Store) Sync(ctx context.Context) error { return s.alive(ctx) }

// LoadLobby returns nothing.
func (s *Store) LoadLobby(context.Context) (lobby.State, error) { return lobby.State{}, nil }

// ApplyLobby does nothing: the lobby has it in memory.
func (s *Store) ApplyLobby(ctx context.Context, _ ...lobby.Change) error { return s.alive(ctx) }

// LearnLobby does nothing: the lobby has it in memory.
func (s *Store) LearnLobby(ctx context.Context, _ ...lobby.Change) error { return s.alive(ctx) }

// LoadStreams returns nothing.
func (s *Store) LoadStreams(context.Context) ([]streams.Stream, error) { return nil, nil }

// ApplyStreams does nothing: the streams are in memory.
func (s *Store) ApplyStreams(ctx context.Context, _ ...streams.Change) error { return s.alive(ctx) }

// LearnStreams does nothing: the streams are in memory.
func (s *Store) LearnStreams(ctx context.Context, _ ...streams.Change) error { return s.alive(ctx) }

// LoadOccupants returns nothing.
func (s *Store) LoadOccupants(context.Context) ([]occupancy.Occupant, error) { return nil, nil }

// ApplyOccupants does nothing: who is in rooms is in memory.
func (s *Store) ApplyOccupants(ctx context.Context, _ ...occupancy.Change) error { return s.alive(ctx) }

// Secret returns the 32 random bytes of a name, which are made the first time.
func (s *Store) Secret(ctx context.Context, name string) ([]byte, error) {
	if err := s.alive(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.secrets[name] == nil {
		s.secrets[name] = make([]byte, 32)
		rand.Read(s.secrets[name])
	}
	return bytes.Clone(s.secrets[name]), nil
}

func (s *Store) alive(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	return ctx.Err()
}

// Close ends the store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}
