package daemon

import (
	"context"
	"fmt"
	"sync/atomic"

	"usher/auth"
	"usher/auth/gateway"
	"usher/auth/gateway/swap"
)

// relayStreams are the streams of the gateway's relay hosts, for what changes rights. The
// gateway is made last; before that there are none.
type relayStreams struct {
	gateway atomic.Pointer[gateway.Server]
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

// Cut has the client of an account, a bare JID, come back with a new inner token.
func (s *relayStreams) Cut(account string) {
	if g := s.gateway.Load(); g != nil {
		g.Cut(account)
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
