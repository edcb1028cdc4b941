package moderation

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"usher/auth"
)

// A SessionInfo is a session as an operator sees it.
type SessionInfo struct {
	ID        string    `json:"id"`
	Account   string    `json:"account"`        // bare JID
	User      string    `json:"user,omitempty"` // the account claim; empty if the token names nobody
	Token     string    `json:"token"`          // its thumbprint
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
func (s *Sessions) List() []SessionInfo {
	judge, p := s.judge(s.now()), s.policy.Load()
	grants := gather(&s.mu, s.grants, 0, func(_ ID, g *Session) (*Session, bool) { return g, judge(g) == "" })
	list := make([]SessionInfo, 0, len(grants))
	for _, g := range grants { // of which nothing changes that is read here
		s.mu.RLock()
		rooms := s.ledger.roomsOf(g.JID())
		s.mu.RUnlock()
		slices.Sort(rooms)
		list = append(list, SessionInfo{ID: g.ID.String(), Account: g.JID(), User: g.User, Token: g.TokenPrint, Issuer: g.Issuer, Key: g.KeyID, TokenID: g.TokenID,
			Rooms: g.Rooms, Regex: g.RoomRegex, Moderator: g.Moderator, LoggedIn: g.LoggedIn, IssuedAt: g.issued(),
			Expires: auth.End(g.Expires, p.times(g.Host).leeway), InRooms: rooms})
	}
	slices.SortFunc(list, func(a, b SessionInfo) int {
		return cmp.Or(b.LoggedIn.Compare(a.LoggedIn), strings.Compare(a.ID, b.ID))
	})
	return list
}
