package sessions

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"usher/auth"
	"usher/moderation"
)

// An Info is a session as an operator sees it.
type Info struct {
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
func (s *Sessions) List() []Info {
	p := s.policy.Load()
	judge := s.judge(p)
	all := gather(&s.mu, s.index.all, 0, func(_ moderation.ID, g *session) (*session, bool) { return g, judge.why(g) == "" })
	list := make([]Info, 0, len(all))
	for _, g := range all { // of which nothing changes that is read here
		s.mu.RLock()
		rooms := s.assigned.roomsOf(g.JID())
		s.mu.RUnlock()
		slices.Sort(rooms)
		list = append(list, Info{ID: g.ID.String(), Account: g.JID(), User: g.User, Token: g.TokenPrint, Issuer: g.Issuer, Key: g.KeyID, TokenID: g.TokenID,
			Rooms: g.Rooms, Regex: g.RoomRegex, Moderator: g.Moderator, LoggedIn: g.LoggedIn, IssuedAt: g.Issued(),
			Expires: auth.End(g.Expires, p.Times(g.Host).Leeway), InRooms: rooms})
	}
	slices.SortFunc(list, func(a, b Info) int {
		return cmp.Or(b.LoggedIn.Compare(a.LoggedIn), strings.Compare(a.ID, b.ID))
	})
	return list
}
