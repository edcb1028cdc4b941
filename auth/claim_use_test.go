package auth_test

import (
	"slices"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
)

// A claim that no token of the last day had is named, whether the token's
// verdict came from the cache or not, and over a reload.
func TestUnseenClaims(t *testing.T) {
	clock := now
	rules := func(paths ...string) auth.Config {
		return hostConfig(func(h *auth.HostConfig, _ *auth.IssuerConfig) {
			for _, p := range paths {
				h.Moderators = append(h.Moderators, parseTests(t, p)...)
			}
		})
	}
	v, err := auth.New(rules("roles=moderator", "roles=owner", `"a.b".c=x`), auth.Options{Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	unseen := func(want ...string) {
		t.Helper()
		var got []string
		for _, u := range v.UnseenClaims() {
			if age := clock.Sub(u.Since); u.Host != host || age < 0 || age > 24*time.Hour {
				t.Errorf("%+v, %v ago", u, age)
			}
			got = append(got, u.Claim)
		}
		if !slices.Equal(got, want) {
			t.Errorf("unseen are %q, want %q", got, want)
		}
	}
	claims := authtest.Claims(host, map[string]any{"roles": "user", "exp": now.Add(240 * time.Hour).Unix()})
	token := authtest.Token(t, claims)
	login := func() {
		t.Helper()
		if _, err := v.Authenticate(t.Context(), auth.Credentials{Host: host, Token: token}); err != nil {
			t.Fatal(err)
		}
	}
	unseen() // nobody logged in: nothing is known
	v.Explain(auth.Credentials{Host: host, Token: token})
	unseen()
	login()
	unseen(`"a.b".c`)
	clock = clock.Add(23 * time.Hour)
	login() // from the cache
	clock = clock.Add(23 * time.Hour)
	unseen(`"a.b".c`)
	if err := v.Reload(rules("roles=moderator", "role=moderator")); err != nil {
		t.Fatal(err)
	}
	unseen("role") // roles was seen before the reload
	clock = clock.Add(2 * time.Hour)
	unseen() // nobody logged in during the last day
	claims["roles"], claims["role"] = nil, "x"
	token = authtest.Token(t, claims)
	login()
	unseen("roles")
	if err := v.Reload(authtest.Config(host)); err != nil {
		t.Fatal(err)
	}
	login()
	unseen() // of the default claims nobody has all
}
