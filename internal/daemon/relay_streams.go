package daemon

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"usher/auth"
	"usher/auth/gateway"
	"usher/auth/gateway/swap"
	"usher/moderation/sessions"
	"usher/moderation/streams"
)

// relayStreams are the streams of the gateway's relay hosts, for what changes rights. The
// gateway is made last; before that there are none.
type relayStreams struct {
	gateway atomic.Pointer[gateway.Server]
	kept    *streams.Streams // those that can be resumed
}

// end ends the streams of accounts, bare JIDs, that were revoked.
func (s *relayStreams) end(accounts []string) {
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
func (s *relayStreams) Demote(ctx context.Context, account string) { s.kept.Demote(ctx, account) }

// Cut has the client of an account, a bare JID, come back with a new inner token. One that
// is away does so by itself.
func (s *relayStreams) Cut(account string) {
	if g := s.gateway.Load(); g != nil {
		g.Cut(account)
	}
}

// Clients are the full JIDs of the clients of an account, a bare JID, that have a stream now.
func (s *relayStreams) Clients(account string) []string {
	if g := s.gateway.Load(); g != nil {
		return g.Addresses(account)
	}
	return nil
}

// review has those streams begin anew that have other rights now than they were given.
func (s *relayStreams) review(t sessions.Touched) {
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

// reviewAll is review of all accounts.
func (s *relayStreams) reviewAll() {
	if g := s.gateway.Load(); g != nil {
		g.ReviewAll()
	}
}

// swapKey reads the key of refusals that are on their way. The state makes it once.
func (p *roomParts) swapKey(ctx context.Context) (*swap.Key, error) {
	secret, err := p.store.Secret(ctx, "swap")
	if err != nil {
		return nil, fmt.Errorf("reading the gateway's key from the state: %w", err)
	}
	key := new(swap.Key)
	if copy(key[:], secret) < len(key) {
		return nil, fmt.Errorf("the gateway's key in the state has %d bytes, want %d", len(secret), len(key))
	}
	return key, nil
}
