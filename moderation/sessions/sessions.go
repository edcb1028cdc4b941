package sessions

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"usher/auth"
	"usher/lobby"
	"usher/metrics"
	"usher/moderation"
	"usher/moderation/sessions/index"
	"usher/moderation/sessions/rates"
	"usher/moderation/sessions/waits"
)

// Options are the collaborators of [Sessions]. A nil Log or Metrics is a no-op; a nil
// Now is time.Now.
type Options struct {
	Log     *slog.Logger
	Metrics *metrics.Metrics
	Now     func() time.Time
	Lobby   *lobby.Lobby // nil: no lobby
	Node    string       // this usher's name among several that know the same; empty: it is alone
	Limits  Limits       // zero: [UsualLimits]
}

// Sessions are who logged in, in memory for every question, and in a [Store] for the
// next start. They are safe for concurrent use. But for Record they are
// [auth.Sessions]: what a login touches is for the caller.
type Sessions struct {
	*core
	r *Rooms
	v *Revocations
}

// New loads the revocations that the store kept: logins want nothing else. The rest is for
// [Sessions.Load]. The store stays the caller's to close.
func New(ctx context.Context, store Store, p *moderation.Policy, o Options) (*Sessions, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = metrics.New("")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Limits == (Limits{}) {
		o.Limits = UsualLimits()
	}
	w, b := waits.Rooms{}, o.Limits
	c := &core{writer: newWriter(store, o.Log, o.Metrics), now: o.Now, lobby: o.Lobby, limits: b, node: o.Node,
		rates:  rates.NewLogins(),
		writes: newWriteLock(), revocationWrites: newWriteLock(), index: index.New(), revoked: newRevocations(b),
		rooms: newRooms(b.Rooms, w), assigned: newAssignments(b, w), waits: w, loading: newLoading(),
		gone: map[moderation.ID]bool{}}
	c.policy.Store(p)
	if err := c.loadRevocations(ctx); err != nil {
		return nil, err
	}
	return &Sessions{c, &Rooms{c}, &Revocations{c}}, nil
}

// Rooms returns what is kept of rooms, and of what accounts are in them.
func (s *Sessions) Rooms() *Rooms { return s.r }

// Revocations returns what keeps tokens out.
func (s *Sessions) Revocations() *Revocations { return s.v }

// Policy returns the policy in force.
func (s *Sessions) Policy() *moderation.Policy { return s.policy.Load() }

// SetPolicy puts a policy in force, and cannot fail. [Sessions.Enforce] then ends what
// it does not allow; no question is answered by the old policy meanwhile.
func (s *Sessions) SetPolicy(p *moderation.Policy) { s.policy.Store(p) }

// Any reports whether there is any session.
func (s *Sessions) Any() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.index.Len() > 0
}

// View returns all that a decision by the rules of a host about an account, a bare JID,
// and a room depends on. The tables are read under one lock, and so are of one moment;
// the lobby's lists, which have a lock of their own, are read afterwards.
func (s *Sessions) View(h *moderation.Host, user string, room moderation.RoomName) moderation.View {
	account, domain, _ := strings.Cut(user, "@")
	v := moderation.View{User: user, Room: room}
	own := h.HasAccounts(domain)
	if own {
		v.Now = s.now()
	}
	s.mu.RLock()
	if own {
		v.Sessions = s.viewLocked(index.AccountKey{Domain: domain, Account: account}, v.Now, h.Leeway)
	}
	if r := s.rooms.all[room.JID]; r != nil {
		v.Known, v.Started, v.Made, v.Lobby, v.MembersOnly = true, r.Started, r.Made, r.Lobby, r.MembersOnly
	}
	s.mu.RUnlock()
	if s.lobby == nil {
		v.Lobby = moderation.Off
	} else {
		v.Listed = s.lobby.Standing(room.ForLobby(), user, usersOf(h, v)...)
	}
	return v
}

// viewLocked is the sessions of one account as they are now. What
// follows is done without the lock, as it may take long (regular expressions).
func (s *core) viewLocked(k index.AccountKey, now time.Time, leeway time.Duration) []moderation.Judged {
	var judged []moderation.Judged
	for g := range s.index.OfAccount(k) {
		login := g.Unpack()
		j := moderation.Judged{Session: &login, Used: g.Used()}
		if len(s.revoked.byID) > 0 {
			j.Revoked = s.revoked.dead(g, now, leeway)
		}
		judged = append(judged, j)
	}
	return judged
}

// Revoked reports whether the token that proves an identity was revoked.
func (s *Sessions) Revoked(id auth.Identity) bool {
	leeway := s.policy.Load().Times(id.Host).Leeway
	s.mu.RLock()
	none := len(s.revoked.byID) == 0
	s.mu.RUnlock()
	if none { // then nothing needs to be hashed
		return false
	}
	token, who := index.TokenID(id.TokenPrint), index.PrincipalOf(id.Principal())
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.revoked.kills(token, who, id.IssuedAt, s.now(), leeway)
}

// Exists reports whether an account has a session that has not ended.
func (s *Sessions) Exists(host, account string, held func(issuer, keyPrint string) bool) bool {
	now, t := s.now(), s.policy.Load().Times(host)
	s.mu.RLock()
	defer s.mu.RUnlock()
	for g := range s.index.OfAccount(index.AccountKey{Domain: host, Account: account}) {
		l := g.Lifetime()
		if !l.Ended(now, t) && !s.revoked.dead(g, now, t.Leeway) && held(l.Issuer, l.KeyPrint) {
			return true
		}
	}
	return false
}

// An Info is a session as an operator sees it.
type Info struct {
	ID      string `json:"id"`
	Account string `json:"account"`        // bare JID
	User    string `json:"user,omitempty"` // the account claim; empty if the token names nobody
	Token   string `json:"token"`          // its thumbprint; empty: it logged in without one

	// Who the token says its user is, for people to read.
	DisplayID   string `json:"user_id,omitempty"`
	DisplayName string `json:"user_name,omitempty"`

	Issuer    string    `json:"issuer"`
	Key       string    `json:"key"`
	TokenID   string    `json:"token_id,omitempty"`
	Rooms     []string  `json:"rooms"` // as claimed; null: every room
	Regex     bool      `json:"regex,omitempty"`
	Moderator bool      `json:"moderator"`
	LoggedIn  time.Time `json:"logged_in"`
	IssuedAt  time.Time `json:"issued_at,omitzero"`
	Expires   time.Time `json:"expires,omitzero"` // when it is over: the token's exp, and the leeway
	InRooms   []string  `json:"in_rooms"`         // where the account was let in, as long as the room is there
}

// List returns every session that has not ended, the latest login first.
func (s *Sessions) List() []Info {
	p := s.policy.Load()
	judge := s.judge(p)
	all := index.Gather(&s.mu, s.index, 0, func(g *index.Session) (*index.Session, bool) {
		return g, judge.why(g) == ""
	})
	list := make([]Info, 0, len(all))
	for _, kept := range all {
		g := kept.Unpack()
		s.mu.RLock()
		rooms := s.assigned.roomsOf(g.JID())
		s.mu.RUnlock()
		slices.Sort(rooms)
		list = append(list, Info{ID: g.ID.String(), Account: g.JID(), User: g.User, Token: g.TokenPrint, Issuer: g.Issuer,
			DisplayID: g.DisplayID, DisplayName: g.DisplayName,
			Key: g.KeyID, TokenID: g.TokenID,
			Rooms: g.Rooms, Regex: g.RoomRegex, Moderator: g.Moderator, LoggedIn: g.LoggedIn, IssuedAt: g.Issued(),
			Expires: auth.End(g.Expires, p.Times(g.Host).Leeway), InRooms: rooms})
	}
	slices.SortFunc(list, func(a, b Info) int {
		return cmp.Or(b.LoggedIn.Compare(a.LoggedIn), strings.Compare(a.ID, b.ID))
	})
	return list
}
