package sessions

import (
	"context"
	"fmt"
	"slices"
	"time"

	"usher/internal/guard"
	"usher/internal/jid"
	"usher/moderation"
	"usher/moderation/sessions/index"
)

// loadedAtATime bounds what is taken over under the lock at once.
const loadedAtATime = 8

// Load brings what New left out, while logins are recorded: rooms and what was given there;
// what others load; the sessions, the newest login first. It is called once. What happened
// meanwhile stays as it is. After an error no login is recorded, and no question answered.
func (s *Sessions) Load(ctx context.Context, others ...func(context.Context) error) error {
	err := s.load(ctx, others)
	if err != nil {
		err = fmt.Errorf("loading the sessions: %w", err)
	}
	s.loading.end(err)
	return err
}

func (s *Sessions) load(ctx context.Context, others []func(context.Context) error) error {
	if err := s.loadRooms(ctx); err != nil {
		return err
	}
	for _, load := range others {
		if err := load(ctx); err != nil {
			return err
		}
	}
	s.loading.roomsAreThere()
	l := loader{core: s.core}
	if err := l.load(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	s.gone = nil
	n := s.index.Len()
	s.mu.Unlock()
	s.metrics.Sessions(n)
	// a session is the last to go: without it nothing says what was revoked
	s.behind.begin(append(l.markRevoked(), l.changes...))
	return nil
}

// loadRevocations takes over every revocation: none is cut.
func (s *core) loadRevocations(ctx context.Context) error {
	list, err := s.store.LoadRevocations(ctx)
	if err != nil {
		return fmt.Errorf("loading the revocations: %w", err)
	}
	s.revoked.byID = make(map[index.PrincipalID]*moderation.Revocation, len(list))
	for i := range list {
		v := &list[i]
		if v.Node == "" { // it was made while this usher was alone
			v.Node = s.node
		}
		id := index.PrincipalOf(v.Principal())
		s.revoked.putAs(id, v)
		for _, jid := range v.Accounts {
			s.revoked.expel(index.AccountOf(jid), id)
		}
	}
	return nil
}

// loadRooms takes over the rooms, and what was given there.
func (s *core) loadRooms(ctx context.Context) error {
	list, given, err := s.store.LoadRooms(ctx)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(list, loadedAtATime) {
		s.mu.Lock()
		for _, r := range part {
			s.rooms.began = max(s.rooms.began, r.Began)
			if len(s.rooms.all) < s.rooms.most {
				s.rooms.put(&roomState{Room: r})
			}
		}
		s.mu.Unlock()
	}
	for part := range slices.Chunk(given, loadedAtATime) {
		s.mu.Lock()
		for _, g := range part { // each a variable of its own: the list can go
			s.assigned.put(&g)
		}
		s.mu.Unlock()
	}
	return nil
}

// A loader takes over the sessions that were kept.
type loader struct {
	*core
	dead    []*index.Session // whose tokens were revoked: usher was killed before they were deleted
	changes []Change
}

func (l *loader) load(ctx context.Context) error {
	part := make([]moderation.Session, 0, loadedAtATime)
	for kept, err := range l.store.Sessions(ctx) {
		if err != nil {
			return err
		}
		if part = append(part, asNow(kept)); len(part) == cap(part) {
			l.take(part)
			part = part[:0]
		}
	}
	l.take(part)
	return nil
}

// asNow is a session as it would be written now.
func asNow(kept moderation.Session) moderation.Session {
	if kept.User == "" && !kept.Random { // written before the claim was kept: in its one spelling but for letter case
		kept.User = jid.Unescape(kept.Account)
	}
	return kept
}

// take takes over a portion.
func (l *loader) take(part []moderation.Session) {
	var logins [loadedAtATime]index.Login
	judge := l.judge(l.policy.Load())
	for i := range part {
		logins[i] = l.newLogin(judge, &part[i])
	}
	l.mu.Lock()
	for _, g := range logins[:len(part)] {
		l.takeLocked(g, judge)
	}
	n := l.index.Len()
	l.mu.Unlock()
	l.loading.n.Add(int64(len(part)))
	l.metrics.Sessions(n)
}

// takeLocked wants the lock. As the newest login comes first, what is there already is
// newer, whether it was loaded or has logged in meanwhile; and what is beyond a limit goes.
func (l *loader) takeLocked(g index.Login, j judge) {
	newer := l.index.Get(g.ID())
	switch {
	case newer != nil:
		if g.LoggedIn().After(newer.LoggedIn()) {
			l.restampLocked(newer, g.LoggedIn(), j)
		}
	case l.gone[g.ID()]: // it has ended meanwhile
	case j.dead(g.Session):
		l.dead = append(l.dead, g.Session)
		if l.index.CountOfAccount(g.Account()) == 0 {
			l.revoked.expel(g.Account(), l.revoked.of(g.Session))
		}
		l.changes = append(l.changes, Change{DeleteSession: g.Session.Login()})
	case full(l.index, l.limits, g.Session): // usher was killed before it was deleted
		l.changes = append(l.changes, Change{DeleteSession: g.Session.Login()})
	default:
		l.index.InsertOlder(g)
		l.revoked.back(g.Account())
	}
}

// restampLocked wants the lock. A login of now has an earlier time than the one before it, as
// the clock was set back: it is made the later one, and written again, as the state kept
// the other one.
func (l *loader) restampLocked(newer *index.Session, before time.Time, j judge) {
	again := l.index.Copy(newer)
	again.LoggedIn = before.Add(1)
	l.index.Insert(l.newLogin(j, &again))
	l.changes = append(l.changes, Change{PutSession: &again})
}

// full reports whether there are as many sessions as there may be of an account, of a
// principal or in all.
func full(x *index.Index, b Limits, g *index.Session) bool {
	return x.Len() >= b.Sessions || x.CountOfPrincipal(g.Principal()) >= b.OfPrincipal ||
		x.CountOfAccount(g.Account()) >= b.OfOne
}

// markRevoked marks what was given because of a session that was revoked, where usher was
// killed before that was written. It returns what is to be written.
func (l *loader) markRevoked() (changes []Change) {
	sessions := map[moderation.ID]bool{}
	accounts := map[index.AccountKey]bool{}
	for _, g := range l.dead {
		sessions[g.ID()] = true
		accounts[g.Account()] = true
	}
	for _, k := range guard.Keys(&l.mu, l.revoked.expelled) {
		accounts[k] = true
	}
	for k := range accounts {
		l.mu.Lock()
		jid := k.JID()
		for room := range l.assigned.jids[jid] {
			g := l.assigned.get(moderation.AssignmentKey{Room: room, JID: jid})
			if g.End == moderation.EndRevoked || !l.wasRevokedLocked(g, k, sessions) {
				continue
			}
			marked := *g
			marked.End = moderation.EndRevoked
			l.assigned.put(&marked)
			changes = append(changes, Change{PutAssignment: &marked})
		}
		l.mu.Unlock()
	}
	return changes
}

// wasRevokedLocked wants the lock. It reports whether what an account was given rests on a
// session that was revoked.
func (l *loader) wasRevokedLocked(g *moderation.Assignment, k index.AccountKey, dead map[moderation.ID]bool) bool {
	if dead[g.Session] {
		return true
	}
	v := l.revoked.by(k)
	return v != nil && l.index.Get(g.Session) == nil && !g.At.After(v.At)
}
