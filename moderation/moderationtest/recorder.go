package moderationtest

import (
	"context"
	"iter"
	"sync"

	"usher/internal/memory"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/sessions"
)

// A Recorder is a store that remembers in memory, and fails when it is told to. It takes no notice of how long a write
// may take, but for [Recorder.Hang]: that is real time, which a busy machine uses up without any cause of the test.
type Recorder struct {
	*memory.Store
	State State // what it was made with

	// Until they are closed LoadRooms returns nothing, and Sessions yields the newest
	// [HeldAfter] alone; nil: nothing is held back.
	HoldRooms, HoldSessions <-chan struct{}

	mu   sync.Mutex
	fail error
	hang bool
	log  func(sessions.Change) // of what was written; may be nil

	applied []sessions.Change
	latest  []sessions.Change // of the last call
}

// HeldAfter is how many sessions are yielded at once.
const HeldAfter = 8

// Fail has every write fail from now on; with nil none.
func (r *Recorder) Fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail = err
}

// Hang has every write take until its context ends.
func (r *Recorder) Hang(yes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hang = yes
}

// Log has every change reported that is written from now on.
func (r *Recorder) Log(log func(sessions.Change)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = log
}

// Applied returns the first 10,000 changes, whether or not they were written.
func (r *Recorder) Applied() []sessions.Change {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.applied
}

// Forget forgets what was applied.
func (r *Recorder) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.applied, r.latest = nil, nil
}

// Last returns the changes of the last call.
func (r *Recorder) Last() []sessions.Change {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.latest
}

// LoadRevocations returns those that the recorder was made with.
func (r *Recorder) LoadRevocations(context.Context) ([]moderation.Revocation, error) {
	return r.State.Revocations, nil
}

// LoadRooms returns those that the recorder was made with.
func (r *Recorder) LoadRooms(ctx context.Context) ([]moderation.Room, []moderation.Assignment, error) {
	if err := held(ctx, r.HoldRooms); err != nil {
		return nil, nil, err
	}
	return r.State.Rooms, r.State.Assignments, nil
}

func held(ctx context.Context, until <-chan struct{}) error {
	if until == nil {
		return nil
	}
	select {
	case <-until:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Sessions yields those that the recorder was made with.
func (r *Recorder) Sessions(ctx context.Context) iter.Seq2[moderation.Session, error] {
	return func(yield func(moderation.Session, error) bool) {
		n := 0
		for g := range NewestFirst(r.State.Sessions) {
			if n++; n == HeldAfter+1 {
				if err := held(ctx, r.HoldSessions); err != nil {
					yield(moderation.Session{}, err)
					return
				}
			}
			if !yield(g, nil) {
				return
			}
		}
	}
}

// Apply records changes.
func (r *Recorder) Apply(ctx context.Context, changes ...sessions.Change) error {
	r.mu.Lock()
	fail, hang, log := r.fail, r.hang, r.log
	if r.latest = changes; len(r.applied) < 10_000 {
		r.applied = append(r.applied, changes...)
	}
	r.mu.Unlock()
	if log != nil && fail == nil {
		for _, c := range changes {
			log(c)
		}
	}
	if hang {
		<-ctx.Done()
		return ctx.Err()
	}
	if fail != nil {
		return fail
	}
	return r.Store.Apply(context.WithoutCancel(ctx), changes...)
}

// Sync does nothing.
func (r *Recorder) Sync(ctx context.Context) error { return r.Store.Sync(context.WithoutCancel(ctx)) }

// Learn fails as Apply does.
func (r *Recorder) Learn(ctx context.Context, changes ...sessions.Change) error {
	return r.Apply(ctx, changes...)
}

// LearnLobby fails as Apply does.
func (r *Recorder) LearnLobby(ctx context.Context, changes ...lobby.Change) error {
	return r.ApplyLobby(ctx, changes...)
}

// ApplyLobby fails as Apply does.
func (r *Recorder) ApplyLobby(ctx context.Context, changes ...lobby.Change) error {
	r.mu.Lock()
	fail := r.fail
	r.mu.Unlock()
	if fail != nil {
		return fail
	}
	return r.Store.ApplyLobby(context.WithoutCancel(ctx), changes...)
}
