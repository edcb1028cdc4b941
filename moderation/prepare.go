package moderation

import "context"

// KeyHeld reports whether a key, known by its print, still verifies the tokens
// of an issuer.
type KeyHeld func(host, issuer, keyPrint string) bool

// A Prepared policy was checked and built, and is not in force yet. It may be
// dropped without a trace.
type Prepared struct {
	sessions *Sessions
	policy   *Policy
}

// Prepare checks and builds a policy. Everything that can fail fails here; what
// is in force stays. held is of the same configuration: a join takes the policy
// once, and is decided by the rules and the keys of one configuration, also in
// the middle of a reload.
func (s *Sessions) Prepare(hosts []HostPolicy, held KeyHeld) (*Prepared, error) {
	p, err := NewPolicy(hosts)
	if err != nil {
		return nil, err
	}
	p.keyHeld = held
	return &Prepared{s, p}, nil
}

// Commit puts the policy in force. [Sessions.Settle] then ends what it does not
// allow; no question is answered by the old policy meanwhile.
func (p *Prepared) Commit() { p.sessions.policy.Store(p.policy) }

// Reload is Commit, of a policy without keys of its own, and Settle.
func (s *Sessions) Reload(ctx context.Context, p *Policy) Touched {
	s.policy.Store(p)
	return s.Settle(ctx)
}

// Settle ends the sessions that the policy in force does not allow. It touches
// every room.
func (s *Sessions) Settle(ctx context.Context) Touched {
	t := s.Sweep(ctx)
	t.All = true
	return t
}
