package authtest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/inner"
	"usher/auth/keys"
	"usher/auth/relayauth"
)

// InnerSecret is the secret that inner tokens are signed with ([RelayConfig]).
const InnerSecret = "9b1f6c02d7e84a3f5b6c7d8e9fa0b1c2d3e4f5061728394a5b6c7d8e9fa0b1c2"

// AppID is the iss and aud of inner tokens.
const AppID = "jitsi-app"

// RelayConfig returns the rules of [Config] for a host with a relay, whose inner tokens
// are signed with [InnerSecret].
func RelayConfig(host string) auth.Config {
	c := Config(host)
	h := c.Hosts[host]
	key, _, err := keys.ReadInnerSecret([]byte(InnerSecret))
	if err != nil {
		panic(err) // a constant of the test is wrong
	}
	h.Subject = auth.SubjectTenant
	h.Relay = &auth.RelayConfig{Key: key, ResumeOver: true, KeepRights: true, Rules: inner.Rules{
		Issuer: AppID, Audience: AppID, TTL: time.Minute, DomainVerification: true,
	}}
	c.Hosts[host] = h
	return c
}

// Streams are relayauth.Streams and relayauth.Rights for tests: they remember in memory, without
// bounds, and each account has the rights that its token gives it unless Take takes them.
type Streams struct {
	mu    sync.Mutex
	all   map[string]relayauth.Stream // by relayauth.StreamPrint
	taken map[string]bool             // accounts
}

// NewStreams returns Streams without any.
func NewStreams() *Streams {
	return &Streams{all: map[string]relayauth.Stream{}, taken: map[string]bool{}}
}

// RememberStream is as relayauth.Streams says.
func (s *Streams) RememberStream(_ context.Context, of relayauth.Stream, resumption string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if print := relayauth.StreamPrint(of.Host, resumption); print != "" {
		s.all[print] = of
	}
	return nil
}

// Await waits for nothing.
func (s *Streams) Await(context.Context) error { return nil }

// StreamOf is as relayauth.Streams says.
func (s *Streams) StreamOf(host, resumption string) (relayauth.Stream, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of, ok := s.all[relayauth.StreamPrint(host, resumption)]
	return of, ok
}

// EndStream is as relayauth.Streams says; without forGood it does nothing.
func (s *Streams) EndStream(host, resumption string, forGood bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if forGood {
		delete(s.all, relayauth.StreamPrint(host, resumption))
	}
}

// Take takes the rights of an account back, a localpart.
func (s *Streams) Take(account string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken[account] = true
}

// Rights is as relayauth.Rights says.
func (s *Streams) Rights(_, account, _ string) (moderator, counts bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.taken[account], !s.taken[account]
}

// InnerClaims verifies an inner token of [RelayConfig], and returns its claims.
func InnerClaims(t testing.TB, token string) map[string]any {
	t.Helper()
	key, _, err := keys.ReadInnerSecret([]byte(InnerSecret))
	if err != nil {
		t.Fatal(err)
	}
	input, mac, _ := cutLast(token)
	signature, err := base64.RawURLEncoding.DecodeString(mac)
	signed := keys.NewInput([]byte(input + "."))
	if err != nil || !key.Twin().Verifies(keys.AlgorithmNamed("HS256"), &signed, signature) {
		t.Fatalf("no inner token: %q, %v", token, err)
	}
	header, payload, _ := strings.Cut(input, ".")
	if head, _ := base64.RawURLEncoding.DecodeString(header); string(head) != `{"alg":"HS256","typ":"JWT"}` {
		t.Errorf("the header is %s", head)
	}
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return claims
}

func cutLast(token string) (before, after string, found bool) {
	if i := strings.LastIndexByte(token, '.'); i >= 0 {
		return token[:i], token[i+1:], true
	}
	return token, "", false
}
