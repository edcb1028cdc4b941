// Package memory is the state that ends with the process (state: memory:). It starts no
// goroutine; a [Store] has one lock, held for a moment.
package memory

import (
	"context"
	"errors"
	"sync"

	"usher/lobby"
	"usher/moderation/sessions"
)

// A Store keeps nothing that sessions do not keep themselves, for as long as
// they do. It is a [sessions.Store] and a [lobby.Store].
type Store struct {
	mu     sync.Mutex
	closed bool
}

// New returns an empty store.
func New() *Store { return &Store{} }

var errClosed = errors.New("the state is closed")

// Load returns nothing.
func (s *Store) Load(context.Context) (sessions.State, error) { return sessions.State{}, nil }

// Apply does nothing: the sessions have it in memory.
func (s *Store) Apply(ctx context.Context, _ ...sessions.Change) error { return s.alive(ctx) }

// Sync does nothing: there is no disk.
func (s *Store) Sync(ctx context.Context) error { return s.alive(ctx) }

// LoadLobby returns nothing.
func (s *Store) LoadLobby(context.Context) (lobby.State, error) { return lobby.State{}, nil }

// ApplyLobby does nothing: the lobby has it in memory.
func (s *Store) ApplyLobby(ctx context.Context, _ ...lobby.Change) error { return s.alive(ctx) }

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
