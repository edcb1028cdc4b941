package relayed

import (
	"context"
	"slices"
	"sync/atomic"

	"usher/auth"
	"usher/auth/gateway"
	"usher/moderation/sessions"
	"usher/moderation/streams"
)

// Streams are the streams of the gateway's relay hosts, for what changes rights. The
// gateway is made last; before that there are none.
type Streams struct {
	Kept    *streams.Streams // those that can be resumed
	gateway atomic.Pointer[gateway.Server]
}

// Of says whose streams they are.
func (s *Streams) Of(g *gateway.Server) { s.gateway.Store(g) }

// End ends the streams of accounts, bare JIDs, that were revoked.
func (s *Streams) End(accounts []string) {
	g := s.gateway.Load()
	if g == nil {
		return
	}
	for _, account := range accounts {
		g.End(account, auth.ReasonRevoked.ClientText())
	}
}

// Demote notes that the streams of an account, a bare JID, give no more when they are
// resumed.
func (s *Streams) Demote(ctx context.Context, account string) { s.Kept.Demote(ctx, account) }

// Cut has the client of an account, a bare JID, come back with a new inner token. One that
// is away does so by itself.
func (s *Streams) Cut(account string) {
	if g := s.gateway.Load(); g != nil {
		g.Cut(account)
	}
}

// Clients are the full JIDs of the clients of an account, a bare JID, that have a stream now.
func (s *Streams) Clients(account string) []string {
	if g := s.gateway.Load(); g != nil {
		return g.Addresses(account)
	}
	return nil
}

// Review has those streams begin anew that have other rights now than they were given.
func (s *Streams) Review(t sessions.Touched) {
	g := s.gateway.Load()
	switch {
	case g == nil:
	case t.All:
		g.ReviewAll()
	default:
		accounts := make([]string, len(t.Accounts))
		for i, key := range t.Accounts {
			accounts[i] = key.JID
		}
		slices.Sort(accounts)
		g.Review(slices.Compact(accounts))
	}
}

// ReviewAll is [Streams.Review] of all accounts.
func (s *Streams) ReviewAll() {
	if g := s.gateway.Load(); g != nil {
		g.ReviewAll()
	}
}
