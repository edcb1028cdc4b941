package moderation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

const (
	sweepEvery = 5 * time.Second
	saveUsed   = time.Minute // how often the last uses of endless grants are written
	maxUsed    = 2000        // at a time
)

// Run ends what has expired until ctx ends.
func (s *Sessions) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	saved := s.now()
	for {
		select {
		case <-ctx.Done():
			s.forgetEvicted(ctx)
			s.saveUsed(ctx, saved)
			return nil
		case <-tick.C:
			s.Sweep(ctx)
			if now := s.now(); now.Sub(saved) >= saveUsed {
				s.saveUsed(ctx, saved)
				saved = now
			}
		}
	}
}

// Sweep ends the grants whose time is over or whose key has gone.
func (s *Sessions) Sweep(ctx context.Context) {
	now := s.now()
	judge := s.judge(now)
	ended := map[End][]*Grant{}
	var forgotten []Change
	s.mu.Lock()
	for _, g := range s.grants {
		switch judge(g) {
		case ReasonSessionEnded:
			ended[EndExpired] = append(ended[EndExpired], g)
		case ReasonKeyRemoved:
			ended[EndKeyGone] = append(ended[EndKeyGone], g)
		}
	}
	for _, print := range s.revoked.expire(now) {
		forgotten = append(forgotten, Change{DeleteRevocation: print})
	}
	s.mu.Unlock()
	s.arrivals.expire(now)
	s.forgetEvicted(ctx)
	s.persist(ctx, forgotten)
	for why, list := range ended {
		s.end(ctx, list, why)
	}
}

// forgetEvicted deletes from the state the rooms that had to make place, but not
// those that began anew since.
func (s *Sessions) forgetEvicted(ctx context.Context) {
	var changes []Change
	s.mu.Lock()
	for _, room := range s.evicted {
		if s.rooms[room] == nil {
			changes = append(changes, Change{DeleteRoom: room})
		}
	}
	s.evicted = nil
	s.mu.Unlock()
	s.persist(ctx, changes)
}

// end makes grants be no more, and has the rooms looked at in which they were
// used. Why they ended is kept there, until it has been done.
func (s *Sessions) end(ctx context.Context, grants []*Grant, why End) {
	if len(grants) == 0 {
		return
	}
	var changes []Change
	touched := map[GivenKey]bool{}
	s.mu.Lock()
	for _, g := range grants {
		if s.grants[g.ID] != g {
			continue // another login with the same token came in between
		}
		s.remove(g)
		for _, room := range s.ledger.roomsOf(g.JID()) {
			k := GivenKey{room, g.JID()}
			touched[k] = true
			if old := s.ledger.get(k); old.Grant == g.ID || old.Lobby && why == EndRevoked {
				marked := *old
				marked.End = why
				s.ledger.put(&marked)
				changes = append(changes, Change{PutGiven: &marked})
			}
		}
		changes = append(changes, Change{DeleteGrant: &g.ID})
	}
	n := len(s.grants)
	s.mu.Unlock()
	s.metrics.Sessions(n)
	s.persist(ctx, changes)
	k := s.keeper.Load()
	for key := range touched {
		if k != nil {
			k.changed(key.Room, key.JID)
		}
	}
	s.log.LogAttrs(ctx, slog.LevelInfo, "sessions ended", slog.String("why", string(why)), slog.Int("n", len(grants)))
}

// saveUsed writes the last uses that matter after a restart.
func (s *Sessions) saveUsed(ctx context.Context, since time.Time) {
	now := s.now()
	if s.rewrite(context.WithoutCancel(ctx)) != nil {
		return
	}
	defer s.rewritten()
	var changes []Change
	s.mu.RLock()
	for _, g := range s.grants {
		if g.Used.After(since) && g.Used.After(g.LoggedIn) && g.endless(now) && len(changes) < maxUsed {
			kept := *g
			changes = append(changes, Change{PutGrant: &kept})
		}
	}
	s.mu.RUnlock()
	s.persist(ctx, changes)
}

// A Session is a grant as an operator sees it.
type Session struct {
	ID        string    `json:"id"`
	Account   string    `json:"account"` // bare JID
	Issuer    string    `json:"issuer"`
	Key       string    `json:"key"`
	TokenID   string    `json:"token_id,omitempty"`
	Rooms     []string  `json:"rooms"` // as claimed; null: every room
	Regex     bool      `json:"regex,omitempty"`
	Moderator bool      `json:"moderator"`
	LoggedIn  time.Time `json:"logged_in"`
	Expires   time.Time `json:"expires,omitzero"`
	InRooms   []string  `json:"in_rooms"` // where the account was let in, as long as the room is there
}

// List returns every session that has not ended, the latest login first.
func (s *Sessions) List() []Session {
	judge := s.judge(s.now())
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := []Session{}
	for _, g := range s.grants {
		if judge(g) != "" {
			continue
		}
		rooms := s.ledger.roomsOf(g.JID())
		slices.Sort(rooms)
		list = append(list, Session{ID: g.ID.String(), Account: g.JID(), Issuer: g.Issuer, Key: g.KeyID, TokenID: g.TokenID, Rooms: g.Rooms,
			Regex: g.RoomRegex, Moderator: g.Moderator, LoggedIn: g.LoggedIn, Expires: g.Expires, InRooms: rooms})
	}
	slices.SortFunc(list, func(a, b Session) int {
		if c := b.LoggedIn.Compare(a.LoggedIn); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list
}

// Revoked is what [Sessions.Revoke] did.
type Revoked struct {
	Accounts []string `json:"accounts"` // bare JIDs
	Sessions int      `json:"sessions"`
	Tokens   int      `json:"tokens"` // that nobody can log in with any more
	Rooms    []string `json:"rooms"`  // that the account is being taken out of
	Shared   int      `json:"shared"` // sessions of other accounts with the same tokens; they stay
}

// The errors of [Sessions.Revoke].
var (
	ErrNoSuchSession      = errors.New("there is no session of this account")
	ErrTooManyRevocations = fmt.Errorf("%d tokens are revoked already", maxRevocations)
)

// Revoke ends every session of an account, given as a bare JID, or as a
// localpart for that of all hosts. Its tokens are dead until they expire by
// themselves. The rooms follow as soon as the component can reach them. If the
// state cannot be written the sessions end all the same, and the error says
// that a restart would forget it.
func (s *Sessions) Revoke(ctx context.Context, account string) (Revoked, error) {
	s.mu.Lock()
	var grants []*Grant
	for _, g := range s.grants {
		if g.JID() == account || g.Account == account {
			grants = append(grants, g)
		}
	}
	if len(grants) == 0 {
		s.mu.Unlock()
		return Revoked{}, ErrNoSuchSession
	}
	if len(s.revoked.byToken)+len(grants) > maxRevocations {
		s.mu.Unlock()
		return Revoked{}, ErrTooManyRevocations
	}
	out, changes := s.revokeGrants(grants)
	s.mu.Unlock()
	err := s.apply(ctx, "revoke", changes...)
	s.end(ctx, grants, EndRevoked)
	if err != nil {
		return out, fmt.Errorf("the revocation cannot be written: it is in force, and a restart of usher would forget it: %w", err)
	}
	return out, nil
}

// revokeGrants wants the lock.
func (s *Sessions) revokeGrants(grants []*Grant) (Revoked, []Change) {
	var changes []Change
	out := Revoked{Sessions: len(grants), Rooms: []string{}}
	for _, g := range grants {
		jid := g.JID()
		v := Revocation{TokenPrint: g.TokenPrint, JID: jid, Until: g.Expires}
		if !s.revoked.has(v.TokenPrint) {
			out.Tokens++
		}
		s.revoked.put(v)
		changes = append(changes, Change{PutRevocation: &v})
		if !slices.Contains(out.Accounts, jid) {
			out.Accounts = append(out.Accounts, jid)
			out.Rooms = append(out.Rooms, s.ledger.roomsOf(jid)...)
		}
	}
	for _, g := range s.grants {
		if s.revoked.has(g.TokenPrint) && !slices.Contains(out.Accounts, g.JID()) {
			out.Shared++
		}
	}
	slices.Sort(out.Accounts)
	slices.Sort(out.Rooms)
	return out, changes
}
