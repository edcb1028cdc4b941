package moderation

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"usher/auth"
	"usher/internal/guard"
	"usher/internal/logattr"
	"usher/lobby"
	"usher/metrics"
	"usher/moderation/unasked"
)

const (
	maxEvicted       = 10_000 // rooms to be deleted from the state; the others are found gone after a restart
	maxWild          = 64     // last logins of a host with a token for many rooms
	recordWithin     = 250 * time.Millisecond
	writeWithin      = 5 * time.Second
	deletedAtATime   = 500
	sampledForOldest = 16
)

// Options are the collaborators of [Sessions]. A nil Log or Metrics is a
// no-op; a nil Now is time.Now; a nil KeyHeld holds every key, and counts only
// where the policy in force has none of its own ([Sessions.Prepare]).
type Options struct {
	Log     *slog.Logger
	Metrics *metrics.Metrics
	Now     func() time.Time
	KeyHeld KeyHeld
	Lobby   *lobby.Lobby // nil: no lobby
}

// Sessions are the sessions, and what was given by them: in memory for every
// question, and in a [Store] for the next start. They are safe for concurrent
// use. But for Record they are [auth.Sessions]: what a login touches is for the caller.
type Sessions struct {
	store     Store
	log       *slog.Logger
	metrics   *metrics.Metrics
	now       func() time.Time
	keyHeld   KeyHeld
	lobby     *lobby.Lobby // may be nil
	policy    atomic.Pointer[Policy]
	unasked   *unasked.Book // whether Prosody asks about joins and rooms
	logins    loginRates
	rewriting *semaphore.Weighted // held by whoever writes a session that is kept already
	behind    backlog             // what is written after the answer
	limits    limits

	mu          guard.RWMutex // held for no longer than a portion of a large table takes
	grants      map[ID]*Session
	byJID       map[accountKey][]*Session
	byRoom      roomIndex
	byPrincipal principalIndex
	resumable   map[string]*Session // by Session.Resumption
	revoked     revocations
	rooms       map[string]*roomState
	inTenants   tenantRooms
	closed      map[string]RoomName // rooms that only let members in
	began       int64               // Began of the last room
	evicted     []*RoomKey          // rooms that had to go, and are in the state still
	wild        map[string][]ID     // by host: the last logins with a token for many rooms
	waits       waits               // for a change of what is in the tables
	ledger      ledger
	epoch       uint64
	shared      map[string]string // texts that most sessions have in common
}

// An accountKey is a bare JID in two parts, which need no memory of their own.
type accountKey struct{ host, account string }

// A roomState is a [Room] and which of the rooms of that name it is.
type roomState struct {
	Room
	epoch  uint64
	closed uint64 // the connection on which it was seen to let in members only
}

// NewSessions loads what the store kept. The store stays the caller's to
// close.
func NewSessions(ctx context.Context, store Store, p *Policy, o Options) (*Sessions, error) {
	return newSessions(ctx, store, p, o, usualLimits())
}

func newSessions(ctx context.Context, store Store, p *Policy, o Options, b limits) (*Sessions, error) {
	s := &Sessions{store: store, log: o.Log, metrics: o.Metrics, now: o.Now, keyHeld: o.KeyHeld, lobby: o.Lobby, limits: b,
		rewriting: semaphore.NewWeighted(1), behind: newBacklog(), unasked: unasked.New(b.asked),
		grants: map[ID]*Session{}, byJID: map[accountKey][]*Session{}, byRoom: roomIndex{}, byPrincipal: newPrincipalIndex(),
		resumable: map[string]*Session{}, revoked: newRevocations(b), rooms: map[string]*roomState{}, closed: map[string]RoomName{},
		wild: map[string][]ID{}, waits: waits{}, shared: map[string]string{}}
	s.ledger = newLedger(b, s.waits)
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.metrics == nil {
		s.metrics = metrics.New("")
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.keyHeld == nil {
		s.keyHeld = func(string, string, string) bool { return true }
	}
	s.metrics.JoinReasons(texts(AllowReasons()), texts(DenyReasons()), texts(UndecidedReasons()))
	s.policy.Store(p)
	state, err := store.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("loading the sessions: %w", err)
	}
	s.load(state)
	return s, nil
}

// insert wants the lock, and a session whose places are computed. The session of the
// same token and account makes room.
func (s *Sessions) insert(g *Session) {
	if old := s.grants[g.ID]; old != nil {
		s.remove(old)
	}
	for _, text := range []*string{&g.Host, &g.Issuer, &g.KeyID, &g.KeyPrint, &g.Subject} {
		*text = s.share(*text)
	}
	s.grants[g.ID] = g
	k := accountKey{g.Host, g.Account}
	s.byJID[k] = append(s.byJID[k], g)
	s.byRoom.add(g)
	s.byPrincipal.add(g)
	if g.wild() {
		list := append(s.wild[g.Host], g.ID)
		s.wild[g.Host] = list[max(0, len(list)-maxWild):]
	}
	if g.Random {
		s.setResumption(g, g.Resumption)
	}
}

// share wants the lock. It returns the one copy of a text that is kept.
func (s *Sessions) share(text string) string {
	const most = 4096
	if one, ok := s.shared[text]; ok {
		return one
	}
	if len(s.shared) >= most {
		clear(s.shared)
	}
	s.shared[text] = text
	return text
}

// remove wants the lock.
func (s *Sessions) remove(g *Session) {
	delete(s.grants, g.ID)
	k := accountKey{g.Host, g.Account}
	if rest := slices.DeleteFunc(slices.Clone(s.byJID[k]), func(o *Session) bool { return o.ID == g.ID }); len(rest) > 0 {
		s.byJID[k] = rest
	} else {
		delete(s.byJID, k)
	}
	s.byRoom.drop(g)
	s.dropResumption(g)
	s.byPrincipal.drop(g)
}

// Revoked reports whether the token that proves an identity was revoked.
func (s *Sessions) Revoked(id auth.Identity) bool {
	leeway := s.policy.Load().times(id.Host).leeway
	s.mu.RLock()
	none := len(s.revoked.byID) == 0
	s.mu.RUnlock()
	if none { // then nothing needs to be hashed
		return false
	}
	token, who := tokenID(id.TokenPrint), idOf(id.Principal())
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.revoked.dead(token, who, id.IssuedAt, s.now(), leeway)
}

// Exists reports whether an account has a session that has not ended.
func (s *Sessions) Exists(host, account string, held func(issuer, keyPrint string) bool) bool {
	now, t := s.now(), s.policy.Load().times(host)
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, g := range s.byJID[accountKey{host, account}] {
		if !g.ended(now, t) && !s.revoked.deadGrant(g, now, t.leeway) && held(g.Issuer, g.KeyPrint) {
			return true
		}
	}
	return false
}

// judge returns why a session does not count by the policy in force, or nothing.
// What it returns wants the lock.
func (s *Sessions) judge(now time.Time) func(*Session) Reason { return s.judgeBy(s.policy.Load(), now) }

// judgeBy is judge by the policy that a decision has taken already: one that
// took another here could mix two configurations.
func (s *Sessions) judgeBy(p *Policy, now time.Time) func(*Session) Reason {
	held := p.keyHeld
	if held == nil {
		held = s.keyHeld
	}
	return func(g *Session) Reason {
		t := p.times(g.Host)
		switch {
		case s.revoked.deadGrant(g, now, t.leeway): // and about to be ended
			return ReasonNoSession
		case g.ended(now, t):
			return ReasonSessionEnded
		case !held(g.Host, g.Issuer, g.KeyPrint):
			return ReasonKeyRemoved
		}
		return ""
	}
}

// apply writes changes and counts what fails.
func (s *Sessions) apply(ctx context.Context, operation metrics.StateOperation, changes ...Change) error {
	if len(changes) == 0 {
		return nil
	}
	err := s.store.Apply(ctx, changes...)
	if err != nil {
		s.metrics.StateError(operation)
		s.log.LogAttrs(ctx, slog.LevelError, "the state cannot be written", slog.String("operation", operation.String()), logattr.Err(err))
	}
	return err
}

// applyDurably is apply, and waits for the disk.
func (s *Sessions) applyDurably(ctx context.Context, operation metrics.StateOperation, changes []Change) error {
	if err := s.apply(ctx, operation, changes...); err != nil {
		return err
	}
	err := s.store.Sync(ctx)
	if err != nil {
		s.metrics.StateError(operation)
	}
	return err
}

// persist writes what memory already says, in portions. A failure is logged
// and counted: memory decides, and the next start ends again what has ended. It
// goes on when ctx ends, but waits a few seconds for each portion at most.
func (s *Sessions) persist(ctx context.Context, changes []Change) {
	for part := range slices.Chunk(changes, deletedAtATime) {
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeWithin)
		_ = s.apply(within, metrics.StateUpdate, part...)
		cancel()
	}
}

// Book is what was seen of whether Prosody asks about joins and rooms.
func (s *Sessions) Book() *unasked.Book { return s.unasked }
