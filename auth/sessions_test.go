package auth_test

import (
	"context"
	"errors"
	"testing"

	"usher/auth"
	"usher/auth/authtest"
)

// scriptedSessions answer as the test says.
type scriptedSessions struct {
	err      error
	revoked  map[string]bool
	recorded []auth.Identity

	remembered []string
	resumable  map[string]string
}

func (s *scriptedSessions) Record(_ context.Context, id auth.Identity) error {
	if s.err == nil {
		s.recorded = append(s.recorded, id)
	}
	return s.err
}
func (s *scriptedSessions) Revoked(id auth.Identity) bool { return s.revoked[id.TokenPrint] }
func (s *scriptedSessions) Exists(string, string, func(string, string) bool) bool {
	return false
}
func (s *scriptedSessions) Remember(_ context.Context, host, account, print, resumption string) error {
	s.remembered = append(s.remembered, host+" "+account+" "+print+" "+resumption)
	return s.err
}
func (s *scriptedSessions) Resumable(host, print, resumption string) (string, bool) {
	account, ok := s.resumable[host+" "+print+" "+resumption]
	return account, ok
}

// TestRecordBeforeAnswer: a login that cannot be recorded is not let in, and
// is told apart from a bad token.
func TestRecordBeforeAnswer(t *testing.T) {
	for want, err := range map[auth.Reason]error{
		"":                          nil,
		auth.ReasonStateUnavailable: errors.New("disk full"),
		auth.ReasonOverloaded:       auth.ErrOverloaded,
		auth.ReasonRevoked:          auth.ErrRevoked,
	} {
		s := &scriptedSessions{err: err}
		v := verifierWith(t, s)
		_, got := v.Authenticate(t.Context(), auth.Credentials{Token: authtest.Token(t, authtest.Claims(sessionHost, nil))})
		if refusal, _ := errors.AsType[*auth.Refusal](got); (refusal == nil) != (want == "") || refusal != nil && refusal.Reason != want {
			t.Errorf("%v: refused for %v, want %q", err, got, want)
		}
	}
}

// TestRevokedToken: the same token is refused, cached or not, whatever its
// account; another one of the same account is not.
func TestRevokedToken(t *testing.T) {
	s := &scriptedSessions{revoked: map[string]bool{}}
	v := verifierWith(t, s)
	token := authtest.Token(t, authtest.Claims(sessionHost, nil))
	if _, err := v.Authenticate(t.Context(), auth.Credentials{Token: token}); err != nil {
		t.Fatal(err)
	}
	id := s.recorded[0]
	if len(id.TokenPrint) != 32 || len(id.KeyPrint) != 32 {
		t.Fatalf("prints %q and %q", id.TokenPrint, id.KeyPrint)
	}
	s.revoked[id.TokenPrint] = true
	_, err := v.Authenticate(t.Context(), auth.Credentials{Token: token})
	if refusal, _ := errors.AsType[*auth.Refusal](err); refusal == nil || refusal.Reason != auth.ReasonRevoked {
		t.Errorf("the revoked token: %v", err)
	}
	if r := v.Explain(auth.Credentials{Token: token}); r.Allowed || r.Reason != auth.ReasonRevoked {
		t.Errorf("explained as %v, %s", r.Allowed, r.Reason)
	}
	other := authtest.Token(t, authtest.Claims(sessionHost, map[string]any{"jti": "another"}))
	if _, err := v.Authenticate(t.Context(), auth.Credentials{Token: other}); err != nil {
		t.Errorf("another token: %v", err)
	}
}

const sessionHost = "meet.example.com"

func verifierWith(t *testing.T, s auth.Sessions) *auth.Verifier {
	t.Helper()
	v, err := auth.New(authtest.Config(sessionHost), auth.Options{Sessions: s})
	if err != nil {
		t.Fatal(err)
	}
	return v
}
