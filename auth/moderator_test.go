package auth_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/auth/claim"
)

// withUser returns the usual claims with more in context.user, and at the top.
func withUser(user, top map[string]any) map[string]any {
	more := map[string]any{"context": map[string]any{"user": user}}
	user["id"] = "alice"
	maps.Copy(more, top)
	return authtest.Claims(host, more)
}

func TestModeratorClaims(t *testing.T) {
	type object = map[string]any
	for name, row := range map[string]struct {
		user, top object
		tests     string // "" for the default
		want      bool
		odd       string // what the explanation says besides
	}{
		"nothing":                 {},
		"top true":                {top: object{"moderator": true}, want: true},
		"top false":               {top: object{"moderator": false}},
		"top text true":           {top: object{"moderator": "true"}, want: true},
		"top text false":          {top: object{"moderator": "false"}},
		"top text True":           {top: object{"moderator": "True"}, odd: "moderator is "},
		"top text yes":            {top: object{"moderator": "yes"}, odd: `moderator is the text "yes", only true or "true" counts`},
		"top number":              {top: object{"moderator": 1}, odd: `moderator is the number 1, only true or "true" counts`},
		"top null":                {top: object{"moderator": nil}},
		"top object":              {top: object{"moderator": object{"a": true}}, odd: "moderator is an object, only true"},
		"top array":               {top: object{"moderator": []any{true}}, odd: "moderator is a list, only true"},
		"another case":            {top: object{"Moderator": true, "MODERATOR": true}},
		"user true":               {user: object{"moderator": true}, want: true},
		"user text true":          {user: object{"moderator": "true"}, want: true},
		"user false, top true":    {user: object{"moderator": false}, top: object{"moderator": true}, want: true},
		"affiliation owner":       {user: object{"affiliation": "owner"}, want: true},
		"affiliation moderator":   {user: object{"affiliation": "moderator"}, want: true},
		"affiliation teacher":     {user: object{"affiliation": "teacher"}, want: true},
		"affiliation member":      {user: object{"affiliation": "member"}},
		"affiliation Owner":       {user: object{"affiliation": "Owner"}},
		"affiliation true":        {user: object{"affiliation": true}, odd: `context.user.affiliation is true, only "owner" or "moderator" or "teacher" counts`},
		"keycloak role":           {top: object{"realm_access": object{"roles": []any{"user", "moderator"}}}, tests: "realm_access.roles=moderator", want: true},
		"keycloak other role":     {top: object{"realm_access": object{"roles": []any{"moderators"}}}, tests: "realm_access.roles=moderator"},
		"keycloak role in a role": {top: object{"realm_access": object{"roles": []any{[]any{"moderator"}}}}, tests: "realm_access.roles=moderator"},
		"role by another name":    {top: object{"https://example.com/roles": []any{"moderator"}}, tests: `"https://example.com/roles"=moderator`, want: true},
		"role of a client":        {top: object{"resource_access": object{"meet.example.com": object{"roles": []any{"moderator"}}}}, tests: `resource_access."meet.example.com".roles=moderator`, want: true},
		"role as a text":          {top: object{"role": "moderator"}, tests: "role=moderator", want: true},
		"role in a text":          {top: object{"role": "user moderator"}, tests: "role=moderator", odd: `role is the text "user moderator", only "moderator" counts`},
		"zitadel role":            {top: object{"roles": object{"moderator": object{"1": "a.example.com"}}}, tests: "roles=moderator", want: true},
		"zitadel other role":      {top: object{"roles": object{"user": object{"moderator": "a.example.com"}}}, tests: "roles=moderator", odd: `roles is an object, and the key "moderator"`},
		"role that is false":      {top: object{"roles": object{"moderator": false}}, tests: "roles=moderator", odd: "or is false"},
		"role that is text false": {top: object{"roles": object{"moderator": "false"}}, tests: "roles=moderator"},
		"role that is null":       {top: object{"roles": object{"moderator": nil}}, tests: "roles=moderator"},
		"role number":             {top: object{"role": 1}, tests: "role=1", odd: "role is the number 1"},
		"role in another case":    {top: object{"roles": []any{"Moderator"}}, tests: "roles=moderator", odd: `roles is a list, and the text "moderator" is not in it`},
		"scope":                   {top: object{"scope": "openid moderator email"}, tests: "scope=moderator", want: true},
		"scope, part of a word":   {top: object{"scope": "openid moderators"}, tests: "scope=moderator"},
		"scp":                     {top: object{"scp": "a moderator"}, tests: "scp=moderator", want: true},
		"scp list":                {top: object{"scp": []any{"moderator"}}, tests: "scp=moderator", want: true},
		"scope list with words":   {top: object{"scope": []any{"a moderator"}}, tests: "scope=moderator"},
		"scope of something":      {top: object{"x": object{"scope": "a moderator"}}, tests: "x.scope=moderator", want: true},
		"roles as JSON text":      {top: object{"realm_access": `{"roles":["moderator"]}`}, tests: "realm_access.roles=moderator", odd: "realm_access is the text"},
		"configured, not default": {top: object{"moderator": true}, tests: "realm_access.roles=moderator"},
		"configured flag":         {top: object{"is_host": "true"}, tests: "is_host", want: true},
		"nobody":                  {top: object{"moderator": true}, tests: "-"},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVerifier(t, hostConfig(func(h *auth.HostConfig, _ *auth.IssuerConfig) {
				h.Moderators = parseTests(t, row.tests)
			}))
			if row.user == nil {
				row.user = object{}
			}
			token := authtest.Token(t, withUser(row.user, row.top))
			for range 2 { // the second verdict is from the cache
				id, err := v.Authenticate(t.Context(), auth.Credentials{Door: "dovecot", Host: host, Token: token})
				if err != nil || id.Moderator != row.want {
					t.Errorf("moderator: %v, %v", id.Moderator, err)
				}
			}
			for _, line := range v.Explain(auth.Credentials{Host: host, Token: token}).Checks {
				if line.Name != "moderator" {
					continue
				}
				if !line.OK || strings.HasPrefix(line.Detail, "moderator, by") != row.want || !strings.Contains(line.Detail, row.odd) {
					t.Errorf("explained as %+v", line)
				}
			}
		})
	}
}

func parseTests(t *testing.T, s string) []claim.Test {
	switch s {
	case "":
		return nil
	case "-":
		return []claim.Test{}
	}
	test, err := claim.ParseTest(s)
	if err != nil || test.String() != s {
		t.Fatalf("%q: %v, %v", s, test, err)
	}
	return []claim.Test{test}
}

func TestLobbyBypass(t *testing.T) {
	v := newVerifier(t, authtest.Config(host))
	for value, want := range map[any]auth.Choice{true: auth.Yes, "true": auth.Yes, false: auth.No, "false": auth.No, "yes": auth.Unsaid, 1: auth.Unsaid} {
		claims := withUser(map[string]any{"lobby_bypass": value}, nil)
		claims["context"].(map[string]any)["room"] = map[string]any{"lobby": value, "lobby_autostart": value}
		token := authtest.Token(t, claims)
		id, err := v.Authenticate(t.Context(), auth.Credentials{Door: "dovecot", Host: host, Token: token})
		if err != nil || id.LobbyBypass != want || id.RoomLobby != want || id.RoomAutostart != want {
			t.Errorf("%v: %+v, %v", value, id, err)
		}
	}
}

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
