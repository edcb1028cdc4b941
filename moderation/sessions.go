package moderation

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"usher/auth"
	"usher/lobby"
	"usher/metrics"
)

// The bounds of what is kept. At the bound of one account its oldest login
// goes, at the others one that was not used for long. A token that names no
// account makes a new one at each login: its bound keeps whoever has one such
// token from pushing all others out.
const (
	maxGrants        = 200_000
	maxGrantsOfOne   = 16
	maxGrantsOfToken = 20_000
	maxGivens        = 200_000
	maxGivensOfOne   = 512
	maxRooms         = 50_000
	maxRevocations   = 50_000
	maxNames         = 96 << 20 // bytes of names in givens and rooms
	maxEvicted       = 10_000   // rooms to be deleted from the state; the others are found gone after a restart
	maxWild          = 64       // last logins of a host with a token for many rooms
	recordWithin     = 250 * time.Millisecond
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

// Sessions are the grants, and what was given by them: in memory for every
// question, and in a [Store] for the next start. They are safe for concurrent
// use, and are what [auth.Verifier] records its logins with.
type Sessions struct {
	store    Store
	log      *slog.Logger
	metrics  *metrics.Metrics
	now      func() time.Time
	keyHeld  KeyHeld
	lobby    *lobby.Lobby // may be nil
	policy   atomic.Pointer[Policy]
	keeper   atomic.Pointer[Keeper] // told of what changes in rooms; may be nil
	mains    mainRooms
	attended attendance
	births   births

	arrivals  arrivals
	rewriting chan struct{} // held by whoever writes a grant that is kept already

	mu        sync.RWMutex
	grants    map[ID]*Grant
	byJID     map[accountKey][]*Grant
	byRoom    roomIndex
	byToken   map[string]map[ID]*Grant // by token print, those with random accounts
	resumable map[string]*Grant        // by Grant.Resumption
	revoked   revocations
	rooms     map[string]*roomState
	inTenants tenantRooms
	closed    map[string]RoomName // rooms that only let members in
	evicted   []string            // rooms that had to go, and are in the state still
	wild      map[string][]ID     // by host: the last logins with a token for many rooms
	ledger    ledger
	epoch     uint64
	shared    map[string]string // texts that most grants have in common
}

// An accountKey is a bare JID in two parts, which need no memory of their own.
type accountKey struct{ host, account string }

// A roomState is a [Room] and which of the rooms of that name it is.
type roomState struct {
	Room
	epoch  uint64
	closed uint64 // the connection on which it was seen to let in members only
}

var _ auth.Sessions = (*Sessions)(nil)

// NewSessions loads what the store kept. The store stays the caller's to
// close.
func NewSessions(ctx context.Context, store Store, p *Policy, o Options) (*Sessions, error) {
	s := &Sessions{store: store, log: o.Log, metrics: o.Metrics, now: o.Now, keyHeld: o.KeyHeld, lobby: o.Lobby, rewriting: make(chan struct{}, 1),
		grants: map[ID]*Grant{}, byJID: map[accountKey][]*Grant{}, byRoom: roomIndex{}, byToken: map[string]map[ID]*Grant{}, resumable: map[string]*Grant{}, revoked: newRevocations(), rooms: map[string]*roomState{}, closed: map[string]RoomName{}, wild: map[string][]ID{}, ledger: newLedger(), shared: map[string]string{}}
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
	s.load(ctx, state)
	return s, nil
}

// load takes over what is kept, and no more than the bounds allow.
func (s *Sessions) load(ctx context.Context, state State) {
	for _, r := range state.Revocations {
		s.revoked.put(r)
	}
	var orphans []Change
	for i := range state.Grants {
		kept := state.Grants[i] // not a part of the list, which can then go
		g := &kept
		if s.revoked.has(g.TokenPrint) || len(s.grants) >= maxGrants {
			orphans = append(orphans, Change{DeleteGrant: &g.ID}) // killed between the two writes
			continue
		}
		s.insert(g)
	}
	for i := range state.Rooms {
		r := state.Rooms[i]
		if len(s.rooms) < maxRooms {
			s.putRoom(&roomState{Room: r})
			if name, err := ParseRoom(r.JID); r.MembersOnly && err == nil {
				s.closed[r.JID] = name
			}
		}
	}
	for i := range state.Givens {
		g := &state.Givens[i]
		if s.grants[g.Grant] == nil && s.revoked.hit(g.JID) {
			g.End = EndRevoked // killed before that was written
		}
		s.ledger.put(g)
	}
	s.metrics.Sessions(len(s.grants))
	s.persist(ctx, orphans)
}

// Record is what a login leaves: a grant that a killed daemon still knows.
func (s *Sessions) Record(ctx context.Context, id auth.Identity) error {
	if s.Revoked(id.TokenPrint) {
		return auth.ErrRevoked
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	g := grantOf(id, s.now())
	over, err := s.keep(ctx, g)
	if err != nil {
		return err
	}
	s.end(ctx, over, EndExpired)
	s.touchAccount(g)
	return nil
}

// keep writes a grant and takes it over. It returns those that have to go for it.
func (s *Sessions) keep(ctx context.Context, g *Grant) (over []*Grant, err error) {
	inherited, err := s.inherit(ctx, g)
	if err != nil {
		return nil, err
	}
	defer inherited()
	if err := s.apply(ctx, "put_grant", Change{PutGrant: g}); err != nil {
		return nil, err
	}
	s.mu.Lock()
	dead := s.revoked.has(g.TokenPrint)
	if !dead {
		s.insert(g)
		over = s.overBounds(g)
	}
	n := len(s.grants)
	s.mu.Unlock()
	if dead { // revoked while it was written
		s.persist(ctx, []Change{{DeleteGrant: &g.ID}})
		return nil, auth.ErrRevoked
	}
	s.metrics.Sessions(n)
	return over, nil
}

// insert wants the lock. The grant of the same token and account makes room.
func (s *Sessions) insert(g *Grant) {
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
	if g.wild() {
		list := append(s.wild[g.Host], g.ID)
		s.wild[g.Host] = list[max(0, len(list)-maxWild):]
	}
	if !g.Random {
		return
	}
	if s.byToken[g.TokenPrint] == nil {
		s.byToken[g.TokenPrint] = map[ID]*Grant{}
	}
	s.byToken[g.TokenPrint][g.ID] = g
	s.setResumption(g, g.Resumption)
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
func (s *Sessions) remove(g *Grant) {
	delete(s.grants, g.ID)
	k := accountKey{g.Host, g.Account}
	if rest := without(s.byJID[k], g); len(rest) > 0 {
		s.byJID[k] = rest
	} else {
		delete(s.byJID, k)
	}
	s.byRoom.drop(g)
	s.dropResumption(g)
	if same := s.byToken[g.TokenPrint]; same != nil {
		if delete(same, g.ID); len(same) == 0 {
			delete(s.byToken, g.TokenPrint)
		}
	}
}

func without(list []*Grant, g *Grant) []*Grant {
	rest := make([]*Grant, 0, len(list))
	for _, other := range list {
		if other.ID != g.ID {
			rest = append(rest, other)
		}
	}
	return rest
}

// overBounds finds what must go for a new grant, and wants the lock.
func (s *Sessions) overBounds(g *Grant) []*Grant {
	var over []*Grant
	if own := s.byJID[accountKey{g.Host, g.Account}]; len(own) > maxGrantsOfOne {
		oldest := own[0]
		for _, o := range own {
			if o.LoggedIn.Before(oldest.LoggedIn) {
				oldest = o
			}
		}
		over = append(over, oldest)
	}
	if same := s.byToken[g.TokenPrint]; g.Random && len(same) > maxGrantsOfToken {
		over = append(over, longUnused(same, g))
	}
	if len(s.grants)-len(over) > maxGrants {
		over = append(over, longUnused(s.grants, g))
	}
	return over
}

// longUnused picks the one of a few that was not used for the longest; but not
// the new one. Among so many that is as good as a search.
func longUnused(grants map[ID]*Grant, but *Grant) *Grant {
	var oldest *Grant
	n := 0
	for _, o := range grants {
		if o.ID != but.ID && (oldest == nil || o.Used.Before(oldest.Used)) {
			oldest = o
		}
		if n++; n == sampledForOldest {
			break
		}
	}
	return oldest
}

// Revoked reports whether a token was revoked.
func (s *Sessions) Revoked(tokenPrint string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.revoked.has(tokenPrint)
}

// Exists reports whether an account has a session that has not ended.
func (s *Sessions) Exists(host, account string, held func(issuer, keyPrint string) bool) bool {
	now, idle := s.now(), s.policy.Load().idle(host)
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, g := range s.byJID[accountKey{host, account}] {
		if !g.ended(now, idle) && held(g.Issuer, g.KeyPrint) {
			return true
		}
	}
	return false
}

// Drop does nothing: an account exists as long as its grants, which
// [Sessions.Revoke] ends.
func (s *Sessions) Drop(string, string) {}

// judge returns why a grant does not count by the policy in force, or nothing.
func (s *Sessions) judge(now time.Time) func(*Grant) Reason { return s.judgeBy(s.policy.Load(), now) }

// judgeBy is judge by the policy that a decision has taken already: one that
// took another here could mix two configurations.
func (s *Sessions) judgeBy(p *Policy, now time.Time) func(*Grant) Reason {
	held := p.keyHeld
	if held == nil {
		held = s.keyHeld
	}
	return func(g *Grant) Reason {
		switch {
		case g.ended(now, p.idle(g.Host)):
			return ReasonSessionEnded
		case !held(g.Host, g.Issuer, g.KeyPrint):
			return ReasonKeyRemoved
		}
		return ""
	}
}

// apply writes changes and counts what fails.
func (s *Sessions) apply(ctx context.Context, operation string, changes ...Change) error {
	if len(changes) == 0 {
		return nil
	}
	err := s.store.Apply(ctx, changes...)
	if err != nil {
		s.metrics.StateError(operation)
		s.log.LogAttrs(ctx, slog.LevelError, "the state cannot be written", slog.String("operation", operation), slog.Any("cause", err))
	}
	return err
}

// persist writes what memory already says, in portions. A failure is logged
// and counted: memory decides, and the next start ends again what has ended.
func (s *Sessions) persist(ctx context.Context, changes []Change) {
	ctx = context.WithoutCancel(ctx)
	for len(changes) > 0 {
		n := min(len(changes), deletedAtATime)
		_ = s.apply(ctx, "update", changes[:n]...)
		changes = changes[n:]
	}
}
