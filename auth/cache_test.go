package auth_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"usher/auth"
	"usher/auth/authtest"
)

// TestVerdictsAreBounded: however many tokens log in, and however long, what is remembered of them has a bound.
func TestVerdictsAreBounded(t *testing.T) {
	for name, row := range map[string]struct{ tokens, length int }{"many": {9000, 0}, "long": {1500, 5000}} {
		v := newVerifier(t, authtest.Config(host))
		filler := strings.Repeat("x", row.length)
		for i := range row.tokens {
			token := authtest.Token(t, authtest.Claims(host, map[string]any{"n": i, "filler": filler}))
			if _, err := v.Authenticate(t.Context(), auth.Credentials{Host: host, Token: token}); err != nil {
				t.Fatal(err)
			}
		}
		if entries, bytes := auth.Verdicts(v); entries > 8192 || bytes > 8<<20 || entries < 1000 {
			t.Errorf("%s: %d verdicts, %d bytes", name, entries, bytes)
		}
	}
}

// brokenSessions panic where a revocation is looked for.
type brokenSessions struct{ *authtest.Sessions }

func (brokenSessions) Revoked(auth.Identity) bool { panic("a fault") }

// TestFaultIsNoLogin: a fault within the checks lets nobody in, and no ticket is given.
func TestFaultIsNoLogin(t *testing.T) {
	v, err := auth.New(authtest.Config(host), auth.Options{Sessions: brokenSessions{}})
	if err != nil {
		t.Fatal(err)
	}
	c := auth.Credentials{Host: host, Token: authtest.Token(t, authtest.Claims(host, nil))}
	for name, ask := range map[string]func() (string, error){
		"login": func() (string, error) {
			id, err := v.Authenticate(context.Background(), c)
			return id.Account, err
		},
		"ticket": func() (string, error) {
			ticket, err := v.IssueTicket(context.Background(), c)
			return ticket.Text, err
		},
	} {
		got, err := ask()
		if refusal, _ := errors.AsType[*auth.Refusal](err); got != "" || refusal == nil || refusal.Reason != auth.ReasonInternalError {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// TestRoomsOfAToken: each room that a token names counts, as text, and none besides.
func TestRoomsOfAToken(t *testing.T) {
	v := newVerifier(t, authtest.Config(host))
	for want, room := range map[string]any{"standup": "standup", "7": 7, "7,a": []any{7, "a"}, "a,b": []string{"a", "b"}, "*": "*"} {
		for range 2 { // from the cache, too
			id, err := v.Authenticate(t.Context(), auth.Credentials{Host: host, Token: authtest.Token(t, authtest.Claims(host, map[string]any{"room": room}))})
			if got := strings.Join(id.Rooms, ","); err != nil || got != want {
				t.Errorf("%v: %q, %v", room, got, err)
			}
		}
	}
}
