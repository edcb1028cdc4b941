package auth_test

import (
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
)

// TestPrincipals: letter case makes no other person; anything else does.
func TestPrincipals(t *testing.T) {
	same := [][2]string{{"alice", "ALICE"}, {"Räk", "räK"}, {"ΟΔΟΣ", "οδος"}, {"οδος", "οδοσ"}, {"\u212Aé", "ké"}}
	for _, pair := range same {
		if auth.PersonPrincipal("h", "i", pair[0]) != auth.PersonPrincipal("h", "i", pair[1]) {
			t.Errorf("%q and %q are two people", pair[0], pair[1])
		}
	}
	alice := auth.PersonPrincipal("h", "i", "alice")
	for _, other := range []auth.Principal{
		auth.PersonPrincipal("h2", "i", "alice"), auth.PersonPrincipal("h", "i2", "alice"), auth.PersonPrincipal("h", "i", "alice "),
		auth.PersonPrincipal("h", "i", `alice\20`), auth.TokenPrincipal("alice"), auth.PersonPrincipal("h", "I", "alice"),
	} {
		if other == alice {
			t.Errorf("%+v is alice", other)
		}
	}
	if auth.PersonPrincipal("h", "i", "straße") == auth.PersonPrincipal("h", "i", "strasse") {
		t.Error("straße is strasse")
	}
}

// TestWhatLoginsProve: what a revocation needs to know is in the identity, from the cache too.
func TestWhatLoginsProve(t *testing.T) {
	now := time.Now()
	user := func(id any) map[string]any { return map[string]any{"user": map[string]any{"id": id}} }
	for _, row := range []struct {
		name   string
		claims map[string]any
		claim  string
		issued bool
	}{
		{"named", map[string]any{"context": user("User@Example.com"), "iat": now.Unix()}, "User@Example.com", true},
		{"without iat", map[string]any{"context": user("alice"), "iat": nil}, "alice", false},
		{"within the leeway", map[string]any{"context": user("alice"), "iat": now.Unix() + 5}, "alice", true},
		{"in the future", map[string]any{"context": user("alice"), "iat": now.Unix() + 3600}, "alice", false},
		{"in milliseconds", map[string]any{"context": user("alice"), "iat": now.UnixMilli()}, "alice", false},
		{"nameless", map[string]any{"context": nil, "iat": now.Unix()}, "", true},
	} {
		s := &scriptedSessions{}
		v := verifierWith(t, s)
		for range 2 {
			id, err := v.Authenticate(t.Context(), auth.Credentials{Token: authtest.Token(t, authtest.Claims(sessionHost, row.claims))})
			if err != nil {
				t.Fatalf("%s: %v", row.name, err)
			}
			if id.AccountClaim != row.claim || id.IssuedAt.IsZero() == row.issued {
				t.Errorf("%s: claim %q, iat %v", row.name, id.AccountClaim, id.IssuedAt)
			}
			if byToken := id.Principal().Token != ""; byToken != (row.claim == "") {
				t.Errorf("%s: %+v", row.name, id.Principal())
			}
		}
	}
}

func TestParseThumbprint(t *testing.T) {
	const good = "0123456789abcdef0123456789abcdef"
	if got, err := auth.ParseThumbprint(" 0123456789ABCDEF0123456789abcdef\n"); got != good || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for _, bad := range []string{"", good[1:], good + "0", "x" + good[1:], "eyJhbGciOiJIUzI1NiJ9.e30.x"} {
		if got, err := auth.ParseThumbprint(bad); err == nil {
			t.Errorf("%q is %q", bad, got)
		}
	}
}

// TestLifetimeHasBegun: a token whose iat lies ahead is not short-lived.
func TestLifetimeHasBegun(t *testing.T) {
	v := newVerifier(t, hostConfig(func(h *auth.HostConfig, _ *auth.IssuerConfig) { h.MaxLifetime, h.Leeway = time.Hour, 10*time.Second }))
	for ahead, want := range map[time.Duration]auth.Reason{0: "", 5 * time.Second: "", time.Minute: auth.ReasonLifetimeTooLong, 365 * 24 * time.Hour: auth.ReasonLifetimeTooLong} {
		iat := now.Add(ahead) // the clock of newVerifier
		token := authtest.Token(t, authtest.Claims(host, map[string]any{"iat": iat.Unix(), "exp": iat.Add(time.Hour).Unix()}))
		if _, err := v.Authenticate(t.Context(), auth.Credentials{Host: host, Token: token}); reasonOf(err) != want {
			t.Errorf("iat %v ahead: %v, want %q", ahead, err, want)
		}
	}
}
