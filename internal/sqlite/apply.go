package sqlite

import (
	"context"
	"errors"
	"fmt"

	"usher/internal/journal"
	"usher/internal/record"
	"usher/lobby"
	"usher/moderation/occupancy"
	"usher/moderation/sessions"
	"usher/moderation/streams"
)

// Apply records changes, all of them or none. It waits for no disk.
func (s *Store) Apply(ctx context.Context, changes ...sessions.Change) error {
	if len(changes) == 0 {
		return nil
	}
	b := s.buffers.Get().(*[]byte)
	*b = record.AppendSessions((*b)[:0], changes...)
	if isLogin(changes) {
		return s.append(ctx, b)
	}
	return s.appendAndWake(ctx, b)
}

// ApplyLobby is [Store.Apply] of the lobby's.
func (s *Store) ApplyLobby(ctx context.Context, changes ...lobby.Change) error {
	if len(changes) == 0 {
		return nil
	}
	b := s.buffers.Get().(*[]byte)
	*b = record.AppendLobby((*b)[:0], changes...)
	return s.appendAndWake(ctx, b)
}

// Learn is [Store.Apply] of what other ushers said.
func (s *Store) Learn(ctx context.Context, changes ...sessions.Change) error {
	if len(changes) == 0 {
		return nil
	}
	b := s.buffers.Get().(*[]byte)
	*b = record.MarkLearned(record.AppendSessions((*b)[:0], changes...))
	return s.append(ctx, b)
}

// LearnLobby is [Store.ApplyLobby] of what other ushers said.
func (s *Store) LearnLobby(ctx context.Context, changes ...lobby.Change) error {
	if len(changes) == 0 {
		return nil
	}
	b := s.buffers.Get().(*[]byte)
	*b = record.MarkLearned(record.AppendLobby((*b)[:0], changes...))
	return s.append(ctx, b)
}

// ApplyStreams is [Store.Apply] of streams.
func (s *Store) ApplyStreams(ctx context.Context, changes ...streams.Change) error {
	if len(changes) == 0 {
		return nil
	}
	b := s.buffers.Get().(*[]byte)
	*b = record.AppendStreams((*b)[:0], changes...)
	return s.appendAndWake(ctx, b)
}

// LearnStreams is [Store.ApplyStreams] of what other ushers said.
func (s *Store) LearnStreams(ctx context.Context, changes ...streams.Change) error {
	if len(changes) == 0 {
		return nil
	}
	b := s.buffers.Get().(*[]byte)
	*b = record.MarkLearned(record.AppendStreams((*b)[:0], changes...))
	return s.append(ctx, b)
}

// ApplyOccupants is [Store.Apply] of occupants.
func (s *Store) ApplyOccupants(ctx context.Context, changes ...occupancy.Change) error {
	if len(changes) == 0 {
		return nil
	}
	b := s.buffers.Get().(*[]byte)
	*b = record.AppendOccupants((*b)[:0], changes...)
	return s.append(ctx, b)
}

func (s *Store) appendAndWake(ctx context.Context, b *[]byte) error {
	defer s.Wake()
	return s.append(ctx, b)
}

const keptBuffer = 64 << 10

// append writes a record.
func (s *Store) append(ctx context.Context, b *[]byte) error {
	_, err := s.journal.Append(ctx, *b)
	if cap(*b) <= keptBuffer {
		s.buffers.Put(b)
	}
	if err != nil {
		return s.wrap(err)
	}
	s.applier.appended()
	return nil
}

func (s *Store) wrap(err error) error {
	if errors.Is(err, journal.ErrClosed) {
		err = errClosed
	}
	return fmt.Errorf("state %s: %w", s.path, err)
}

// Sync waits until what was applied before is on the disk, or ctx ends: in the journal, or else,
// if the disk did not take that, in the file.
func (s *Store) Sync(ctx context.Context) error {
	err := s.journal.Sync(ctx)
	if errors.Is(err, journal.ErrUnsure) && s.flush(ctx) == nil {
		err = s.journal.Sync(ctx)
	}
	if err != nil {
		return s.wrap(err)
	}
	return nil
}

// flush waits until the file has what was applied before, or ctx ends.
func (s *Store) flush(ctx context.Context) error {
	if err := s.applier.wait(ctx, s.stop); err != nil {
		return s.wrap(err)
	}
	return nil
}
